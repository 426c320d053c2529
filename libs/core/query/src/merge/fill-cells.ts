import type { Cell, FieldType } from '@varve/model';
import { compareGroups, type GroupKey } from '../partial/group-key.ts';
import type { Fill } from '../plan/query-plan.ts';
import { BATCH_ROW_COUNT_MAX, sliceBatch, type RowBatch } from './row-batch.ts';

/** Puts into cells without a value what the fill option says. `types` are those of the inputs. */
export function fillCells(fill: Fill, types: readonly FieldType[], batches: AsyncIterable<RowBatch>): AsyncIterable<RowBatch> {
  switch (fill.kind) {
    case 'null':
    case 'none':
      return batches;
    case 'number':
      return filledWithNumber(fill.value, types, batches);
    case 'previous':
      return filledWithPrevious(batches);
    case 'linear':
      return filledLinearly(types, batches);
  }
}

async function* filledWithNumber(value: number, types: readonly FieldType[], batches: AsyncIterable<RowBatch>): AsyncGenerator<RowBatch> {
  for await (const batch of batches) {
    for (const [input, cells] of batch.inputs.entries()) {
      const filling = fillingOf(types[input]!, value);
      for (let row = 0; row < cells.length; row += 1) cells[row] ??= filling;
    }
    yield batch;
  }
}

/** What a number becomes in a column of another type. */
function fillingOf(type: FieldType, value: number): Cell {
  switch (type) {
    case 'float':
      return value;
    case 'integer':
      return Math.trunc(value);
    case 'string':
      return '';
    case 'boolean':
      return false;
  }
}

async function* filledWithPrevious(batches: AsyncIterable<RowBatch>): AsyncGenerator<RowBatch> {
  let group: GroupKey | undefined;
  let previous: Cell[] = [];
  for await (const batch of batches) {
    if (group === undefined || compareGroups(group, batch.group) !== 0) previous = [];
    group = batch.group;
    for (const [input, cells] of batch.inputs.entries()) {
      for (let row = 0; row < cells.length; row += 1) previous[input] = cells[row] ??= previous[input] ?? null;
    }
    yield batch;
  }
}

/**
 * Draws a line between the values around a gap. A gap is over when its next value comes, so rows wait until then; all
 * rows of a series wait at most, and those are bounded. Before the first and behind the last value nothing is drawn.
 */
async function* filledLinearly(types: readonly FieldType[], batches: AsyncIterable<RowBatch>): AsyncGenerator<RowBatch> {
  let whole: RowBatch | undefined;
  for await (const batch of batches) {
    if (whole !== undefined && compareGroups(whole.group, batch.group) === 0) {
      append(whole, batch);
      continue;
    }
    if (whole !== undefined) yield* drawn(types, whole);
    whole = batch;
  }
  if (whole !== undefined) yield* drawn(types, whole);
}

function append(whole: RowBatch, batch: RowBatch): void {
  for (const ms of batch.ms) whole.ms.push(ms);
  for (const subNs of batch.subNs) whole.subNs.push(subNs);
  for (const [input, cells] of batch.inputs.entries()) for (const cell of cells) whole.inputs[input]!.push(cell);
}

function* drawn(types: readonly FieldType[], whole: RowBatch): Generator<RowBatch> {
  for (const [input, cells] of whole.inputs.entries()) {
    let before = -1;
    for (let row = 0; row < cells.length; row += 1) {
      if (cells[row] === null) continue;
      if (before >= 0) drawGap(cells, { before, after: row, isInteger: types[input] === 'integer' });
      before = row;
    }
  }
  for (let start = 0; start < whole.ms.length; start += BATCH_ROW_COUNT_MAX) {
    yield sliceBatch(whole, start, Math.min(start + BATCH_ROW_COUNT_MAX, whole.ms.length));
  }
}

interface Gap {
  readonly before: number;
  readonly after: number;
  readonly isInteger: boolean;
}

/** Every window has its row, so distances in rows are distances in windows. */
function drawGap(cells: Cell[], { before, after, isInteger }: Gap): void {
  const [from, to] = [cells[before], cells[after]];
  if (!isNumeric(from) || !isNumeric(to)) return;
  const rise = isInteger ? Number(BigInt(to) - BigInt(from)) : Number(to) - Number(from);
  const slope = rise / (after - before);
  for (let row = before + 1; row < after; row += 1) {
    const value = slope * (row - before) + Number(from);
    cells[row] = isInteger ? Math.trunc(value) : value;
  }
}

function isNumeric(cell: Cell | undefined): cell is number | bigint {
  return typeof cell === 'number' || typeof cell === 'bigint';
}
