import type { TimestampNs } from '@varve/base';
import { joinNs, type Cell, type FieldType } from '@varve/model';
import { exactNumber } from '../functions/vector.ts';
import { int64Of } from '../influxql/int64.ts';
import { compareGroups, type GroupKey } from '../partial/group-key.ts';
import type { PlannedFill } from '../plan/query-plan.ts';
import type { WindowPlan } from '../plan/shard-plan.ts';
import { windowStartNs } from '../plan/window-line.ts';
import { emptyBatch, rowCountAtOnce, sliceBatch, type OpenBatch, type RowBatch } from './row-batch.ts';
import { changing, passing, type Stage } from './stage.ts';

/** What fill must know of the inputs. */
export interface FillShape {
  /** One per input; one that has none is left as it is. `asItIs`: whatever its cells are, a number is put there as it was written. */
  readonly types: readonly (FieldType | 'asItIs' | undefined)[];
  /** Per input, where there are some with rows of their own: whether it is one, and windows are not filled in it. */
  readonly ownRows: readonly boolean[];
  readonly window: WindowPlan | undefined;
}

/** Puts into cells without a value what the fill option says. */
export function fillCells(fill: PlannedFill, shape: FillShape): Stage<RowBatch, RowBatch> {
  switch (fill.kind) {
    case 'null':
    case 'none':
      return passing;
    case 'number':
      return changing(withNumber(fill.value, shape.types));
    case 'previous':
      return changing(withPrevious(shape.types));
    case 'linear':
      return linear(shape);
  }
}

function withNumber(value: number | bigint, types: FillShape['types']): (batch: RowBatch) => void {
  return ({ inputs, hasValues }) => {
    for (const [input, cells] of inputs.entries()) {
      const type = types[input];
      if (type === undefined) continue;
      const filling = fillingOf(hasValues?.[input] === false ? numericOrAny(type) : type, value);
      for (let row = 0; row < cells.length; row += 1) cells[row] ??= filling;
    }
  };
}

/** Where a call finds nothing in a whole series InfluxDB does not know that it would be a text or a boolean. */
function numericOrAny(type: FieldType | 'asItIs'): FieldType | 'asItIs' {
  return type === 'string' || type === 'boolean' ? 'asItIs' : type;
}

/** What a number becomes in a column of another type. A bigint is one that no float64 holds. */
function fillingOf(type: FieldType | 'asItIs', value: number | bigint): Cell {
  switch (type) {
    case 'asItIs':
      return value;
    case 'float':
      return Number(value);
    case 'integer':
      return typeof value === 'bigint' ? value : exactNumber(int64Of(value));
    case 'string':
      return '';
    case 'boolean':
      return false;
  }
}

function withPrevious(types: FillShape['types']): (batch: RowBatch) => void {
  let group: GroupKey | undefined;
  let previous: Cell[] = [];
  return (batch) => {
    if (group === undefined || compareGroups(group, batch.group) !== 0) previous = [];
    group = batch.group;
    for (const [input, cells] of batch.inputs.entries()) {
      if (types[input] === undefined) continue;
      for (let row = 0; row < cells.length; row += 1) previous[input] = cells[row] ??= previous[input] ?? null;
    }
  };
}

/**
 * Draws a line between the values around a gap. A gap is over when its next value comes, so rows wait until then; all
 * rows of a series wait at most, and those are bounded. Before the first and behind the last value nothing is drawn.
 */
function linear(shape: FillShape): Stage<RowBatch, RowBatch> {
  const lines = new Lines(shape);
  return (batches, isLast) => lines.add(batches, isLast);
}

class Lines {
  readonly #shape: FillShape;
  #whole: OpenBatch | undefined;

  constructor(shape: FillShape) {
    this.#shape = shape;
  }

  *add(batches: Iterable<RowBatch>, isLast: boolean): Generator<RowBatch> {
    for (const batch of batches) {
      if (this.#whole !== undefined && compareGroups(this.#whole.group, batch.group) !== 0) yield* this.#take(this.#whole);
      this.#whole ??= emptyBatch(batch.group, batch.inputs.length, batch.hasValues);
      append(this.#whole, batch);
    }
    if (isLast && this.#whole !== undefined) yield* this.#take(this.#whole);
  }

  #take(whole: OpenBatch): Generator<RowBatch> {
    this.#whole = undefined;
    return drawn(this.#shape, whole);
  }
}

function append({ times, inputs }: OpenBatch, batch: RowBatch): void {
  for (const ms of batch.times.ms) times.ms.push(ms);
  for (const subNs of batch.times.subNs) times.subNs.push(subNs);
  for (const [input, cells] of batch.inputs.entries()) for (const cell of cells) inputs[input]!.push(cell);
}

function* drawn({ types, ownRows, window }: FillShape, whole: RowBatch): Generator<RowBatch> {
  const rows = ownRows.includes(true) ? windowRowsOf(whole, window) : [...whole.times.ms.keys()];
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
  const { length } = whole.times.ms;
  for (let start = 0; start < length; start += rowCountMax) yield sliceBatch(whole, start, Math.min(start + rowCountMax, length));
}

/** The rows that stand for windows: the first of each window's start. */
function windowRowsOf({ times: { ms, subNs } }: RowBatch, window: WindowPlan | undefined): number[] {
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
    cells[rows[step]!] = isInteger ? exactNumber(int64Of(value)) : value;
  }
}

function isNumeric(cell: Cell | undefined): cell is number | bigint {
  return typeof cell === 'number' || typeof cell === 'bigint';
}
