import { hasValue, type FieldType, type NamedColumn } from './column.ts';

/**
 * What storage hands to a query: one series inside one shard, newest version of every cell, deleted cells gone.
 * Times ascend and are unique. Row arrays have the length of `offsetsNs`.
 */
export interface SeriesSlice {
  /** Nanoseconds from the shard's start, exact: a shard window is at most 90 days. */
  readonly offsetsNs: Float64Array;
  readonly columns: readonly NamedColumn[];
}

/** What storage may hand to a query that wants one row of a series: arrays in which only this row is the series', and has a value in each column. */
export interface SeriesRow extends SeriesSlice {
  readonly row: number;
}

/**
 * What storage may hand to a query instead of rows: what pages of a series come to, which follow each other in time and which nothing else
 * overlaps. They are places [start, end) of columns.
 */
export interface SeriesSummaries {
  readonly start: number;
  readonly end: number;
  /** Of the rows of each, both inclusive, in nanoseconds from the shard's start. */
  readonly minOffsetsNs: Float64Array;
  readonly maxOffsetsNs: Float64Array;
  /** From `start` on. */
  readonly rowCounts: readonly number[];
  /** The fields that were asked for and that any of the rows has, of each page the same. One array for all summaries that have the same ones of one chunk. */
  readonly fields: readonly SummarizedField[];
}

/** What is known of a field in many summaries, in columns. */
export interface SummarizedField {
  readonly name: string;
  readonly type: FieldType;
  readonly summaries: SummaryColumns;
}

/** Columns of `FieldSummary`: place by place. */
export interface SummaryColumns {
  /** Absent: 0 in all. */
  readonly gaps: readonly [nullCounts: Float64Array, firstNs: Float64Array, lastNs: Float64Array] | undefined;
  /** Absent: nowhere. */
  readonly numbers: SummaryNumberColumns | undefined;
}

/** Columns of `SummaryNumbers`. Under a zero bit of `validity` there are none. */
export interface SummaryNumberColumns {
  readonly validity: Uint8Array | undefined;
  readonly first: Float64Array;
  readonly last: Float64Array;
  readonly min: Float64Array;
  readonly max: Float64Array;
  readonly minNs: Float64Array;
  readonly maxNs: Float64Array;
  readonly sum: Float64Array;
  /** Absent: 0 in all. */
  readonly sumRest: Float64Array | undefined;
}

/** Whether the numbers of a summary are known. */
export function hasNumbers({ numbers }: SummaryColumns, at: number): boolean {
  return numbers !== undefined && hasValue(numbers, at);
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
