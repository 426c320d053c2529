import type { TimestampNs } from '@varve/base';
import type { SeriesKey, SeriesRow, SeriesSlice, SeriesSummaries, TagFilter, TagSet } from '@varve/model';

/** What a query asks of one shard. A data node implements it over its storage. */
export interface ShardSource {
  /** The shard's start; offsets count from it. */
  readonly startNs: TimestampNs;
  /** Series of a measurement that the filter lets pass, sorted by key. */
  series(measurement: string, filter: TagFilter): readonly SourceSeries[];
  /** What a question comes to, series by series and range by range. */
  reader(question: ReadQuestion): SeriesReader;
  /** Between which times the rows of a series lie, both inclusive; undefined: it has none. Absent: nobody knows. */
  readonly timesOf?: (series: SourceSeries) => OffsetBounds | undefined;
  /** About how many rows a series has in a range. Absent: nobody knows. */
  readonly rowCountIn?: (series: SourceSeries, range: OffsetRange) => number;
  /** Lets others have a turn when it is time: readers do so by themselves. Absent: nobody else is there. */
  readonly maybeRest?: () => Promise<void> | undefined;
}

/**
 * Rows of a series in a range, piece by piece in the order of time, with the columns that it has of the fields asked for. Rows in which none of
 * them has a value may be there or not. Without `maySummarize` there is at most one piece, of rows. The pieces are taken before
 * anything else is awaited.
 */
export type SeriesReader = (series: SourceSeries, range: OffsetRange) => Promise<Iterable<SeriesPiece>> | Iterable<SeriesPiece>;

/** Rows, a row that is alone wanted, or what rows come to. */
export type SeriesPiece = SeriesSlice | SeriesRow | SeriesSummaries;

/** What is asked of each series, and what a reader can do without. */
export interface ReadQuestion {
  readonly fields: readonly string[];
  /** Whether what lies between two times, both inclusive, may be summarized. */
  readonly maySummarize?: ((minOffsetNs: number, maxOffsetNs: number) => boolean) | undefined;
  /** Whether any of some rows can be wanted, by what their fields come to at a place; a field that is not named has no cells there. */
  readonly mayPass?: ((fields: SeriesSummaries['fields'], at: number) => boolean) | undefined;
  /** Of the rows in which any of the fields has a value only this one is looked at: the others may be left out. */
  readonly onlyRow?: 'first' | 'last' | undefined;
  /** The rows are not looked at any more when something else is read, by whomever: their arrays may be used again. */
  readonly isBrief?: boolean | undefined;
}

/** Both inclusive, in nanoseconds from the shard's start. */
interface OffsetBounds {
  readonly minOffsetNs: number;
  readonly maxOffsetNs: number;
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
