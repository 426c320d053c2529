import { ByteReader, ByteWriter } from '@varve/base';
import type { SeriesKey, TagExpression, TimeRange } from '@varve/model';
import type { KeyMatch } from '../influxql/ast.ts';
import { decodeJson, encodeJson } from '../plan/bigint-json.ts';

/** What a coordinator asks data nodes about the series of a shard. */
export interface SeriesQuestion {
  /**
   * Keys of series, of tags, tags with their values, which of the measurements have any series, or one sketch over the keys of all series. A
   * node that does not know measurements answers with series keys, and so with the same measurements.
   */
  readonly wants: 'seriesKeys' | 'tagKeys' | 'tagValues' | 'measurements' | 'sketch';
  readonly measurements: readonly string[];
  /** Lets every series pass that has a name in the answer. */
  readonly filter: TagExpression;
  /** Of `tagValues`: whose. Absent: of all tags. */
  readonly keyMatch?: KeyMatch | undefined;
  /** What must hold for each name beside: it may ask for `_name`, `_tagKey` and the `value` of the tag as if they were tags. */
  readonly nameFilter?: TagExpression | undefined;
  /** Only series with a point in it. Absent: at any time. */
  readonly range?: TimeRange | undefined;
}

/** A name in an answer, and the measurement it belongs to: a series key, a tag key, a tag key with one of its values; for measurements nothing beside them. */
export interface NamedSeries {
  readonly measurement: string;
  readonly name: SeriesKey | string;
  /** Of `tagValues` alone. */
  readonly value?: string | undefined;
}

/** Begins a question of format 2; one of format 1 is JSON from its first byte on, and has none of what is optional. */
const FORMAT_2 = 2;

/**
 * The bytes in which a question travels: JSON with bigints as `{"ns": "…"}`. What nodes that know format 1 alone would read
 * as another question travels as format 2, which they refuse.
 */
export function encodeSeriesQuestion(question: SeriesQuestion): Uint8Array {
  const { wants, keyMatch, nameFilter, range } = question;
  const bytes = encodeJson(question);
  const isOld = (wants === 'seriesKeys' || wants === 'measurements' || (wants === 'tagKeys' && question.filter.kind === 'all')) && keyMatch === undefined && nameFilter === undefined && range === undefined;
  return isOld ? bytes : new ByteWriter(bytes.length + 1).u8(FORMAT_2).raw(bytes).finish();
}

/** The inverse of {@link encodeSeriesQuestion}. @throws DbError MESSAGE_INVALID */
export function decodeSeriesQuestion(bytes: Uint8Array): SeriesQuestion {
  return decodeJson(bytes[0] === FORMAT_2 ? bytes.subarray(1) : bytes, 'a series question') as SeriesQuestion;
}

/** How a question travels. */
export const seriesQuestionCodec = { encode: encodeSeriesQuestion, decode: decodeSeriesQuestion };

/** A name as it stands in a piece of an answer. */
export function encodeNamedSeries(piece: ByteWriter, { measurement, name, value }: NamedSeries): void {
  piece.text(measurement).text(name);
  if (value !== undefined) piece.text(value);
}

/** One piece of an answer to anything but `sketch`. @throws DbError MESSAGE_INVALID */
export function decodeSeriesPiece(bytes: Uint8Array, wants: SeriesQuestion['wants'] = 'seriesKeys'): readonly NamedSeries[] {
  const reader = new ByteReader(bytes);
  const names: NamedSeries[] = [];
  while (reader.remaining > 0) {
    const [measurement, name] = [reader.text(), reader.text()];
    names.push(wants === 'tagValues' ? { measurement, name, value: reader.text() } : { measurement, name });
  }
  return names;
}
