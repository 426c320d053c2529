import type { TimestampNs } from '@varve/base';
import type { SeriesKey, SeriesSlice, TagFilter, TagSet } from '@varve/model';

/** What a query asks of one shard. A data node implements it over its storage. */
export interface ShardSource {
  /** The shard's start; offsets count from it. */
  readonly startNs: TimestampNs;
  /** Series of a measurement that the filter lets pass, sorted by key. */
  series(measurement: string, filter: TagFilter): readonly SourceSeries[];
  /**
   * Rows of a series in a half-open range, with the columns that it has of the fields asked for. Rows in which none of
   * them has a value may be there or not.
   */
  read(series: SourceSeries, range: OffsetRange, fields: readonly string[]): Promise<SeriesSlice> | SeriesSlice;
}

export interface SourceSeries {
  readonly seriesId: number;
  readonly key: SeriesKey;
  readonly tags: TagSet;
}

/** Half-open, in nanoseconds from the shard's start. */
export interface OffsetRange {
  readonly startOffsetNs: number;
  readonly endOffsetNs: number;
}
