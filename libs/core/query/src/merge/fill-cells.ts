import type { TimestampNs } from '@varve/base';
import { joinNs, type Cell, type FieldType } from '@varve/model';
import { compareGroups, type GroupKey } from '../partial/group-key.ts';
import type { Fill } from '../plan/query-plan.ts';
import type { WindowPlan } from '../plan/shard-plan.ts';
import { windowStartNs } from '../plan/window-line.ts';
import { rowCountAtOnce, sliceBatch, type RowBatch } from './row-batch.ts';

/** What fill must know of the inputs. */
export interface FillShape {
  /** One per input; one that has none is left as it is. */
  readonly types: readonly (FieldType | undefined)[];
  /** Per input, where there are some with rows of their own: whether it is one, and windows are not filled in it. */
  readonly ownRows: readonly boolean[];
  readonly window: WindowPlan | undefined;
}

/** Puts into cells without a value what the fill option says. */
export function fillCells(fill: Fill, shape: FillShape, batches: AsyncIterable<RowBatch>): AsyncIterable<RowBatch> {
  switch (fill.kind) {
    case 'null':
    case 'none':
      return batches;
    case 'number':
      return filledWithNumber(fill.value, shape.types, batches);
    case 'previous':
      return filledWithPrevious(shape.types, batches);
    case 'linear':
      return filledLinearly(shape, batches);
  }
}

async function* filledWithNumber(value: number, types: FillShape['types'], batches: AsyncIterable<RowBatch>): AsyncGenerator<RowBatch> {
  for await (const batch of batches) {
    for (const [input, cells] of batch.inputs.entries()) {
      const type = types[input];
      if (type === undefined) continue;
      const filling = fillingOf(type, value);
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

async function* filledWithPrevious(types: FillShape['types'], batches: AsyncIterable<RowBatch>): AsyncGenerator<RowBatch> {
  let group: GroupKey | undefined;
  let previous: Cell[] = [];
  for await (const batch of batches) {
    if (group === undefined || compareGroups(group, batch.group) !== 0) previous = [];
    group = batch.group;
    for (const [input, cells] of batch.inputs.entries()) {
      if (types[input] === undefined) continue;
      for (let row = 0; row < cells.length; row += 1) previous[input] = cells[row] ??= previous[input] ?? null;
    }
    yield batch;
  }
}

/**
 * Draws a line between the values around a gap. A gap is over when its next value comes, so rows wait until then; all
 * rows of a series wait at most, and those are bounded. Before the first and behind the last value nothing is drawn.
 */
async function* filledLinearly(shape: FillShape, batches: AsyncIterable<RowBatch>): AsyncGenerator<RowBatch> {
  let whole: RowBatch | undefined;
  for await (const batch of batches) {
    if (whole !== undefined && compareGroups(whole.group, batch.group) === 0) {
      append(whole, batch);
      continue;
    }
    if (whole !== undefined) yield* drawn(shape, whole);
    whole = batch;
  }
  if (whole !== undefined) yield* drawn(shape, whole);
}

function append(whole: RowBatch, batch: RowBatch): void {
  for (const ms of batch.ms) whole.ms.push(ms);
  for (const subNs of batch.subNs) whole.subNs.push(subNs);
  for (const [input, cells] of batch.inputs.entries()) for (const cell of cells) whole.inputs[input]!.push(cell);
}

function* drawn({ types, ownRows, window }: FillShape, whole: RowBatch): Generator<RowBatch> {
  const rows = ownRows.includes(true) ? windowRowsOf(whole, window) : whole.ms.map((_ms, row) => row);
  for (const [input, cells] of whole.inputs.entries()) {
    if (ownRows[input] !== false) continue; // a column beside the calls has no line either
    let before = -1;
    for (let index = 0; index < rows.length; index += 1) {
      if (cells[rows[index]!] === null) continue;
      if (before >= 0) drawGap(cells, rows.slice(before, index + 1), types[input] === 'integer');
      before = index;
    }
  }
  const rowCountMax = rowCountAtOnce(whole.inputs.length);
  for (let start = 0; start < whole.ms.length; start += rowCountMax) {
    yield sliceBatch(whole, start, Math.min(start + rowCountMax, whole.ms.length));
  }
}

/** The rows that stand for windows: the first of each window's start. */
function windowRowsOf({ ms, subNs }: RowBatch, window: WindowPlan | undefined): number[] {
  if (window === undefined) return [];
  const timeNs = (row: number): TimestampNs => joinNs(ms[row]!, subNs[row]!);
  return [...ms.keys()].filter((row) => windowStartNs(window, timeNs(row)) === timeNs(row) && (row === 0 || timeNs(row - 1) !== timeNs(row)));
}

/** Draws over the rows between the first and the last one: each window has its row, so distances in rows are distances in windows. */
function drawGap(cells: Cell[], rows: readonly number[], isInteger: boolean): void {
  const [from, to] = [cells[rows[0]!], cells[rows.at(-1)!]];
  if (!isNumeric(from) || !isNumeric(to)) return;
  const rise = isInteger ? Number(BigInt(to) - BigInt(from)) : Number(to) - Number(from);
  const slope = rise / (rows.length - 1);
  for (let step = 1; step < rows.length - 1; step += 1) {
    const value = slope * step + Number(from);
    cells[rows[step]!] = isInteger ? Math.trunc(value) : value;
  }
}

function isNumeric(cell: Cell | undefined): cell is number | bigint {
  return typeof cell === 'number' || typeof cell === 'bigint';
}
