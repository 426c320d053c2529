import type { TimestampNs } from '@varve/base';
import type { SeriesKey, SeriesSlice, SeriesSummary, TagFilter, TagSet } from '@varve/model';

/** What a query asks of one shard. A data node implements it over its storage. */
export interface ShardSource {
  /** The shard's start; offsets count from it. */
  readonly startNs: TimestampNs;
  /** Series of a measurement that the filter lets pass, sorted by key. */
  series(measurement: string, filter: TagFilter): readonly SourceSeries[];
  /**
   * Rows of a series in a half-open range, piece by piece in the order of time, with the columns that it has of the fields
   * asked for. Rows in which none of them has a value may be there or not. What lies between two times, both inclusive, for
   * which `maySummarize` says so may be summarized; without it there is at most one piece, of rows. The pieces are taken before
   * anything else is awaited.
   */
  read(series: SourceSeries, range: OffsetRange, fields: readonly string[], maySummarize?: MaySummarize): Promise<Iterable<SeriesSlice | SeriesSummary>> | Iterable<SeriesSlice | SeriesSummary>;
}

export type MaySummarize = (minOffsetNs: number, maxOffsetNs: number) => boolean;

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
