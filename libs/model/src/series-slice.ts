import type { NamedColumn } from './column.ts';

/**
 * What storage hands to a query: one series inside one shard, newest version of every cell, deleted cells gone.
 * Times ascend and are unique. Row arrays have the length of `offsetsNs`.
 */
export interface SeriesSlice {
  /** Nanoseconds from the shard's start, exact: a shard window is at most 90 days. */
  readonly offsetsNs: Float64Array;
  readonly columns: readonly NamedColumn[];
}
