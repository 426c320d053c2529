import type { Cell } from '@varve/model';
import type { GroupKey } from '../partial/group-key.ts';

/** Rows of one group on their way to the answer. All row arrays run alike; times are those of `SplitTimes`. */
export interface RowBatch {
  readonly group: GroupKey;
  readonly ms: number[];
  readonly subNs: number[];
  /** Per input that is a call: whether it has values in the group at all. Absent for rows. */
  readonly hasValues?: readonly boolean[] | undefined;
  /** One array per input of the projections. */
  readonly inputs: Cell[][];
}

/** Rows that travel together at most. */
export const BATCH_ROW_COUNT_MAX = 1024;

/** The same where a cell may take 100 KiB and more. */
export const LARGE_BATCH_ROW_COUNT_MAX = 32;

/** Cells that are worked on in one go: of wide rows there are fewer, so that nobody has to wait for them. */
const BATCH_CELL_COUNT_MAX = 65_536;

/** How many rows of so many columns travel together, or make a block, at most. */
export function rowCountAtOnce(columnCount: number, rowCountMax = BATCH_ROW_COUNT_MAX): number {
  return Math.max(1, Math.min(rowCountMax, Math.floor(BATCH_CELL_COUNT_MAX / columnCount)));
}

export function emptyBatch(group: GroupKey, inputCount: number, hasValues?: readonly boolean[]): RowBatch {
  return { group, hasValues, ms: [], subNs: [], inputs: Array.from({ length: inputCount }, () => []) };
}

/** Rows [start, end) of a batch. */
export function sliceBatch(batch: RowBatch, start: number, end: number): RowBatch {
  if (start === 0 && end === batch.ms.length) return batch;
  return {
    group: batch.group,
    hasValues: batch.hasValues,
    ms: batch.ms.slice(start, end),
    subNs: batch.subNs.slice(start, end),
    inputs: batch.inputs.map((cells) => cells.slice(start, end)),
  };
}
