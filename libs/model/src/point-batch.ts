import type { NamedColumn } from './column.ts';
import type { SeriesKey } from './series-key.ts';
import type { SplitTimes } from './time.ts';

/** What one or more write requests hold, as columns: no object per point. Read-only once built. */
export interface PointBatch {
  /** Distinct series of the batch; a table's rows point here by index. */
  readonly series: readonly BatchSeries[];
  /** One table per measurement, in order of first appearance. */
  readonly tables: readonly MeasurementTable[];
  readonly rowCount: number;
}

export interface BatchSeries {
  readonly key: SeriesKey;
  readonly measurement: string;
}

/** Rows of one measurement, in the order they arrived. All row arrays have `rowCount` items. */
export interface MeasurementTable {
  readonly measurement: string;
  readonly rowCount: number;
  /** Row → index into `PointBatch.series`. */
  readonly seriesIndexes: Uint32Array;
  readonly times: SplitTimes;
  /** Row → index of the line in its request, from 0, for error messages. */
  readonly lineIndexes: Uint32Array;
  readonly columns: readonly NamedColumn[];
}

/** The rows of one table that belong to one shard; `rowIndexes` undefined means all of them. */
export interface TableSlice {
  readonly table: MeasurementTable;
  readonly rowIndexes: Uint32Array | undefined;
}
