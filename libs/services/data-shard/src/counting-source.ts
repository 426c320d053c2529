import type { TimestampNs } from '@varve/base';
import type { TagFilter } from '@varve/model';
import type { ReadQuestion, SeriesPiece, SeriesReader, ShardCounts, ShardSource, SourceSeries } from '@varve/query';

/** Counts what is read of another source, for EXPLAIN ANALYZE. */
export class CountingSource implements ShardSource {
  readonly timesOf?: NonNullable<ShardSource['timesOf']>;
  readonly maybeRest?: NonNullable<ShardSource['maybeRest']>;
  readonly #source: ShardSource;
  readonly #seriesIds = new Set<number>();
  #rowCount = 0;
  #summaryCount = 0;
  #summarizedRowCount = 0;

  constructor(source: ShardSource) {
    this.#source = source;
    if (source.timesOf !== undefined) this.timesOf = source.timesOf;
    if (source.maybeRest !== undefined) this.maybeRest = source.maybeRest;
  }

  get counts(): ShardCounts {
    return { seriesCount: this.#seriesIds.size, rowCount: this.#rowCount, summaryCount: this.#summaryCount, summarizedRowCount: this.#summarizedRowCount };
  }

  get startNs(): TimestampNs {
    return this.#source.startNs;
  }

  series(measurement: string, filter: TagFilter): readonly SourceSeries[] {
    return this.#source.series(measurement, filter);
  }

  reader(question: ReadQuestion): SeriesReader {
    const read = this.#source.reader(question);
    return (series, range) => {
      this.#seriesIds.add(series.seriesId);
      const pieces = read(series, range);
      return pieces instanceof Promise ? pieces.then((each) => this.#counted(each)) : this.#counted(pieces); // Brief rows do not wait.
    };
  }

  *#counted(pieces: Iterable<SeriesPiece>): Generator<SeriesPiece> {
    for (const piece of pieces) {
      if ('rowCounts' in piece) {
        this.#summaryCount += piece.rowCounts.length;
        for (const rowCount of piece.rowCounts) this.#summarizedRowCount += rowCount;
      } else this.#rowCount += 'row' in piece ? 1 : piece.offsetsNs.length;
      yield piece;
    }
  }
}
