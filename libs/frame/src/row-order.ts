import { assert } from '@varve/base';
import { type Column, SHARD_WINDOW_NS_MAX, splitNs, type TableSlice } from '@varve/model';
import { bitmapSizeBytes } from '@varve/codec';

/*
 * The order of a frame's rows: by series (a counting sort), inside a series by time, inside a time by arrival. Rows with
 * the same series and time become one: per field the last of them that has a value.
 */

/** A shard window is at most that wide. */
export const OFFSET_NS_MAX = Number(SHARD_WINDOW_NS_MAX);

/** Rows of one table, sorted. */
export interface RowOrder {
  /** Indexes into the batch's series, in order of first appearance. */
  readonly seriesIndexes: readonly number[];
  /** Output rows per series: [rowStarts[i], rowStarts[i + 1]). */
  readonly rowStarts: Uint32Array;
  /** Nanoseconds from the shard's start per output row. */
  readonly offsetsNs: Float64Array;
  /** Table rows, sorted. */
  readonly rows: Uint32Array;
  /** Output row i is made of rows[firsts[i]] .. rows[firsts[i + 1] − 1]. Absent: it is rows[i]. */
  readonly firsts: Uint32Array | undefined;
}

/** Where the values of an output column come from. */
export interface ColumnSource {
  /** Output row → table row. Without meaning where the row has no value. */
  readonly rows: Uint32Array;
  readonly validity: Uint8Array | undefined;
  readonly validCount: number;
}

/** The whole numbers [first, end). */
export function rowsBetween(first: number, end: number): Uint32Array {
  const rows = new Uint32Array(end - first);
  for (let index = 0; index < rows.length; index += 1) rows[index] = first + index;
  return rows;
}

/** Sorts the rows of a table. `localIndexes` is −1 for every series of the batch, before and after. */
export function orderRows({ table, rowIndexes }: TableSlice, startNs: bigint, localIndexes: Int32Array): RowOrder {
  const arrived = rowIndexes ?? rowsBetween(0, table.rowCount);
  const { seriesIndexes, starts, rows } = sortBySeries(arrived, table.seriesIndexes, localIndexes);
  const offsetsNs = offsetsOf(rows, table.times, startNs);
  let hasTwins = false;
  for (let series = 0; series < seriesIndexes.length; series += 1) {
    hasTwins = sortByTime(rows, offsetsNs, starts[series]!, starts[series + 1]!) || hasTwins;
  }
  const sorted = { seriesIndexes, rowStarts: starts, offsetsNs, rows, firsts: undefined };
  return hasTwins ? joinTwins(sorted) : sorted;
}

/** The rows that a column takes its values from. */
export function sourceOf({ validity }: Column, { rows, firsts }: RowOrder): ColumnSource {
  if (firsts === undefined && validity === undefined) return { rows, validity: undefined, validCount: rows.length };
  const rowCount = firsts === undefined ? rows.length : firsts.length - 1;
  const sources = new Uint32Array(rowCount);
  const bitmap = new Uint8Array(bitmapSizeBytes(rowCount));
  let validCount = 0;
  for (let at = 0; at < rowCount; at += 1) {
    const first = firsts === undefined ? at : firsts[at]!;
    const last = firsts === undefined ? at : firsts[at + 1]! - 1;
    for (let candidate = last; candidate >= first; candidate -= 1) {
      const row = rows[candidate]!;
      if (validity !== undefined && ((validity[row >> 3]! >> (row & 7)) & 1) === 0) continue;
      sources[at] = row;
      bitmap[at >> 3]! |= 1 << (at & 7);
      validCount += 1;
      break;
    }
  }
  return { rows: sources, validity: validCount === rowCount ? undefined : bitmap, validCount };
}

function sortBySeries(
  arrived: Uint32Array,
  seriesOfRow: Uint32Array,
  localIndexes: Int32Array,
): { readonly seriesIndexes: readonly number[]; readonly starts: Uint32Array; readonly rows: Uint32Array } {
  const seriesIndexes: number[] = [];
  const counts: number[] = [];
  for (let index = 0; index < arrived.length; index += 1) {
    const series = seriesOfRow[arrived[index]!]!;
    const local = localIndexes[series]!;
    if (local >= 0) counts[local]! += 1;
    else {
      localIndexes[series] = seriesIndexes.length;
      seriesIndexes.push(series);
      counts.push(1);
    }
  }
  const starts = startsOf(counts);
  const next = starts.slice();
  const rows = new Uint32Array(arrived.length);
  for (let index = 0; index < arrived.length; index += 1) {
    const row = arrived[index]!;
    const local = localIndexes[seriesOfRow[row]!]!;
    const at = next[local]!;
    rows[at] = row;
    next[local] = at + 1;
  }
  for (const series of seriesIndexes) localIndexes[series] = -1;
  return { seriesIndexes, starts, rows };
}

function startsOf(counts: readonly number[]): Uint32Array {
  const starts = new Uint32Array(counts.length + 1);
  for (let index = 0; index < counts.length; index += 1) starts[index + 1] = starts[index]! + counts[index]!;
  return starts;
}

function offsetsOf(rows: Uint32Array, { ms, subNs }: TableSlice['table']['times'], startNs: bigint): Float64Array {
  const start = splitNs(startNs);
  const offsetsNs = new Float64Array(rows.length);
  let [min, max] = [0, 0];
  for (let index = 0; index < rows.length; index += 1) {
    const row = rows[index]!;
    // Exact: a shard window is below 2^53 ns wide, so both terms and the sum are.
    const offsetNs = (ms[row]! - start.ms) * 1e6 + (subNs[row]! - start.subNs);
    if (offsetNs < min) min = offsetNs;
    else if (offsetNs > max) max = offsetNs;
    offsetsNs[index] = offsetNs;
  }
  assert(min === 0 && max <= OFFSET_NS_MAX, `rows between ${min} and ${max} ns from the shard's start`);
  return offsetsNs;
}

/** Sorts the rows of one series, [start, end), by time and arrival. Returns whether two have the same time. */
function sortByTime(rows: Uint32Array, offsetsNs: Float64Array, start: number, end: number): boolean {
  let isSorted = true;
  let hasTwins = false;
  for (let at = start + 1; at < end; at += 1) {
    const step = offsetsNs[at]! - offsetsNs[at - 1]!;
    if (step < 0) isSorted = false;
    else if (step === 0) hasTwins = true;
  }
  if (isSorted) return hasTwins;
  const order = Uint32Array.from({ length: end - start }, (_, index) => start + index);
  order.sort((left, right) => offsetsNs[left]! - offsetsNs[right]! || left - right);
  const [sortedRows, sortedOffsets] = [new Uint32Array(order.length), new Float64Array(order.length)];
  order.forEach((from, at) => {
    sortedRows[at] = rows[from]!;
    sortedOffsets[at] = offsetsNs[from]!;
    if (at > 0 && sortedOffsets[at] === sortedOffsets[at - 1]) hasTwins = true;
  });
  rows.set(sortedRows, start);
  offsetsNs.set(sortedOffsets, start);
  return hasTwins;
}

/** Makes one output row of neighbours with the same series and time. */
function joinTwins({ seriesIndexes, rowStarts, offsetsNs, rows }: RowOrder): RowOrder {
  const firsts: number[] = [];
  const joinedStarts = new Uint32Array(rowStarts.length);
  for (let series = 0; series < seriesIndexes.length; series += 1) {
    const start = rowStarts[series]!;
    for (let at = start; at < rowStarts[series + 1]!; at += 1) {
      if (at === start || offsetsNs[at] !== offsetsNs[at - 1]) firsts.push(at);
    }
    joinedStarts[series + 1] = firsts.length;
  }
  const joinedOffsets = Float64Array.from(firsts, (first) => offsetsNs[first]!);
  firsts.push(rows.length);
  return { seriesIndexes, rowStarts: joinedStarts, offsetsNs: joinedOffsets, rows, firsts: Uint32Array.from(firsts) };
}
