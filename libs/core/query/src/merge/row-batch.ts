import type { Cell } from '@varve/model';
import type { GroupKey } from '../partial/group-key.ts';

/** When rows are, as `SplitTimes`. Batches may have them in common: nobody changes them. */
export interface RowTimes {
  readonly ms: readonly number[];
  readonly subNs: readonly number[];
}

/** Rows of one group on their way to the answer. All row arrays run alike. */
export interface RowBatch {
  readonly group: GroupKey;
  readonly times: RowTimes;
  /** Per input that is a call: whether it has values in the group at all. Absent for rows. */
  readonly hasValues?: readonly boolean[] | undefined;
  /** One array per input of the projections. */
  readonly inputs: Cell[][];
}

/** Rows that are being gathered. */
export interface OpenBatch extends RowBatch {
  readonly times: { readonly ms: number[]; readonly subNs: number[] };
}

/** Rows that travel together at most. */
export const BATCH_ROW_COUNT_MAX = 1024;

/** The same where a cell may take 100 KiB and more. */
export const LARGE_BATCH_ROW_COUNT_MAX = 32;

/** Cells that are worked on in one go: of wide rows there are fewer, so that nobody has to wait for them. */
export const CELL_COUNT_AT_ONCE = 65_536;

/** How many rows of so many columns travel together, or make a block, at most. */
export function rowCountAtOnce(columnCount: number, rowCountMax = BATCH_ROW_COUNT_MAX): number {
  return Math.max(1, Math.min(rowCountMax, Math.floor(CELL_COUNT_AT_ONCE / columnCount)));
}

export function emptyBatch(group: GroupKey, inputCount: number, hasValues?: readonly boolean[]): OpenBatch {
  return { group, hasValues, times: { ms: [], subNs: [] }, inputs: Array.from({ length: inputCount }, () => []) };
}

/** Rows [start, end) of a batch. */
export function sliceBatch(batch: RowBatch, start: number, end: number): RowBatch {
  const { ms, subNs } = batch.times;
  if (start === 0 && end === ms.length) return batch;
  return {
    group: batch.group,
    hasValues: batch.hasValues,
    times: { ms: ms.slice(start, end), subNs: subNs.slice(start, end) },
    inputs: batch.inputs.map((cells) => cells.slice(start, end)),
  };
}
