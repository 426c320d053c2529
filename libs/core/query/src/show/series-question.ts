import { ByteReader, ByteWriter, DbError } from '@varve/base';
import type { SeriesKey, TagExpression, TagFilter } from '@varve/model';
import { compileTagFilter } from '../plan/tag-expression.ts';

/**
 * What a coordinator asks data nodes about the series of a shard: their keys, only the keys of their tags, or only which of the measurements
 * have any. A node that does not know the last one answers with series keys, and so with the same measurements.
 */
export interface SeriesQuestion {
  readonly wants: 'seriesKeys' | 'tagKeys' | 'measurements';
  readonly measurements: readonly string[];
  readonly filter: TagExpression;
}

/** What the answer is taken from: the series index of one shard. */
export interface SeriesSource {
  series(measurement: string, filter: TagFilter): readonly { readonly key: SeriesKey }[];
  hasAny(measurement: string, filter: TagFilter): boolean;
  tagKeys(measurement: string): readonly string[];
}

/** A name in an answer: a series key or a tag key with the measurement it belongs to; for measurements nothing beside them. */
export interface NamedSeries {
  readonly measurement: string;
  readonly name: string;
}

/** An answer travels in pieces of about this size. */
const PIECE_SIZE_BYTES = 256 * 1024;

/** The bytes in which a question travels: JSON. */
export function encodeSeriesQuestion(question: SeriesQuestion): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(question));
}

/** The inverse of {@link encodeSeriesQuestion}. @throws DbError MESSAGE_INVALID */
export function decodeSeriesQuestion(bytes: Uint8Array): SeriesQuestion {
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as SeriesQuestion;
  } catch (cause) {
    throw new DbError('MESSAGE_INVALID', 'a series question that is not JSON', {}, { cause });
  }
}

/** The answer of one shard, in pieces; no piece when there is nothing to tell. */
export function* answerSeries(question: SeriesQuestion, source: SeriesSource): Generator<Uint8Array> {
  const filter = compileTagFilter(question.filter);
  let piece = new ByteWriter(PIECE_SIZE_BYTES);
  for (const measurement of question.measurements) {
    for (const name of namesOf(question.wants, measurement, filter, source)) {
      piece.text(measurement).text(name);
      if (piece.length < PIECE_SIZE_BYTES) continue;
      yield piece.finish();
      piece = new ByteWriter(PIECE_SIZE_BYTES);
    }
  }
  if (piece.length > 0) yield piece.finish();
}

function namesOf(wants: SeriesQuestion['wants'], measurement: string, filter: TagFilter, source: SeriesSource): readonly string[] {
  switch (wants) {
    case 'seriesKeys':
      return source.series(measurement, filter).map(({ key }) => key);
    case 'tagKeys':
      return source.tagKeys(measurement);
    case 'measurements':
      return source.hasAny(measurement, filter) ? [''] : [];
  }
}

/** One piece of an answer. @throws DbError MESSAGE_INVALID */
export function decodeSeriesPiece(bytes: Uint8Array): readonly NamedSeries[] {
  const reader = new ByteReader(bytes);
  const names: NamedSeries[] = [];
  while (reader.remaining > 0) names.push({ measurement: reader.text(), name: reader.text() });
  return names;
}
