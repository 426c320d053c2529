import type { FieldType, NamedColumn } from './column.ts';

/**
 * What storage hands to a query: one series inside one shard, newest version of every cell, deleted cells gone.
 * Times ascend and are unique. Row arrays have the length of `offsetsNs`.
 */
export interface SeriesSlice {
  /** Nanoseconds from the shard's start, exact: a shard window is at most 90 days. */
  readonly offsetsNs: Float64Array;
  readonly columns: readonly NamedColumn[];
}

/** What storage may hand to a query instead of rows: what some rows of a series come to, which nothing else overlaps. */
export interface SeriesSummary {
  /** Of the rows, both inclusive, in nanoseconds from the shard's start. */
  readonly minOffsetNs: number;
  readonly maxOffsetNs: number;
  readonly rowCount: number;
  /** The fields that were asked for and that any of the rows has. */
  readonly fields: readonly { readonly name: string; readonly type: FieldType; readonly summary: FieldSummary }[];
}

/** What some rows have of a field: at least one value. */
export interface FieldSummary {
  /** Rows without a value. */
  readonly nullCount: number;
  /** From the rows' least time to the earliest value, and from the latest value to their greatest time. */
  readonly firstNs: number;
  readonly lastNs: number;
  /** Of floats and integers; absent also where an integer, or their sum, is beyond ±(2^53 − 1), or a sum of floats is not finite. */
  readonly numbers: SummaryNumbers | undefined;
}

/** The values of the earliest and the latest cell, the least, the greatest, and the sum of all. */
export interface SummaryNumbers {
  readonly first: number;
  readonly last: number;
  readonly min: number;
  readonly max: number;
  /** From the rows' least time to the earliest cell of the least and of the greatest value. */
  readonly minNs: number;
  readonly maxNs: number;
  readonly sum: number;
  /**
   * What `sum` lacks of the sum, so that a sum of sums does not depend on how rows were cut. 0 for integers.
   */
  readonly sumRest: number;
}
