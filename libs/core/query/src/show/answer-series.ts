import { ByteWriter } from '@varve/base';
import { matchesTags, type SeriesKey, type TagFilter, type TagSet, type TimeRange } from '@varve/model';
import { tagValue } from '../operators/tag-value.ts';
import { compileTagFilter } from '../plan/tag-expression.ts';
import { keyMatcher } from './key-matcher.ts';
import { SeriesSketch } from './series-sketch.ts';
import { encodeNamedSeries, type NamedSeries, type SeriesQuestion } from './series-question.ts';

/** What an answer is taken from: one shard. */
export interface SeriesSource {
  /** Series that were ever written, sorted by key. */
  series(measurement: string, filter: TagFilter): readonly IndexedSeries[];
  /** Whether there is any. */
  hasAny(measurement: string, filter: TagFilter): boolean;
  /** Tag keys of these, sorted. */
  tagKeys(measurement: string): readonly string[];
  /** Values of one of their tag keys; in no order, and perhaps more than once. */
  tagValues(measurement: string, tagKey: string): Iterable<string>;
  /** Whether something was deleted, so that a series need not have a point. */
  readonly hasDeletes: boolean;
  /** Whether a series has a point that no delete hides, in this range if one is given. */
  hasPoint(series: IndexedSeries, range: TimeRange | undefined): Promise<boolean>;
}

export interface IndexedSeries {
  readonly seriesId: number;
  readonly key: SeriesKey;
  readonly tags: TagSet;
}

/** An answer travels in pieces of about this size. */
const PIECE_SIZE_BYTES = 256 * 1024;

/**
 * The answer of one shard, in pieces; no piece when there is nothing to tell. A series is looked into only when it would add a
 * name.
 * @throws DbError what the source throws
 */
export async function* answerSeries(question: SeriesQuestion, source: SeriesSource): AsyncGenerator<Uint8Array> {
  if (question.wants === 'sketch') {
    yield (await sketchOf(question, source)).toBytes();
    return;
  }
  let piece = new ByteWriter(PIECE_SIZE_BYTES);
  for await (const name of namesOf(question, source)) {
    encodeNamedSeries(piece, name);
    if (piece.length < PIECE_SIZE_BYTES) continue;
    yield piece.finish();
    piece = new ByteWriter(PIECE_SIZE_BYTES);
  }
  if (piece.length > 0) yield piece.finish();
}

async function* namesOf(question: SeriesQuestion, source: SeriesSource): AsyncGenerator<NamedSeries> {
  for (const measurement of question.measurements) {
    if (question.wants === 'measurements') {
      if (await hasSeries(question, measurement, source)) yield { measurement, name: '' };
    } else if (standsInIndex(question, source)) yield* indexedNames(question, measurement, source);
    else if (question.wants === 'seriesKeys') yield* seriesKeys(question, measurement, source);
    else yield* tagNames(question, measurement, source);
  }
}

async function hasSeries({ filter, range }: SeriesQuestion, measurement: string, source: SeriesSource): Promise<boolean> {
  const compiled = compileTagFilter(filter);
  if (range === undefined && !source.hasDeletes) return source.hasAny(measurement, compiled);
  for (const series of source.series(measurement, compiled)) if (await source.hasPoint(series, range)) return true;
  return false;
}

async function* seriesKeys(question: SeriesQuestion, measurement: string, source: SeriesSource): AsyncGenerator<NamedSeries> {
  const candidates = candidatesOf(question);
  for (const series of source.series(measurement, compileTagFilter(question.filter))) {
    const keys = candidates(measurement, series);
    if (keys.length > 0 && (await source.hasPoint(series, question.range))) yield* keys;
  }
}

/** Ends when nothing is missing any more that the index has. */
async function* tagNames(question: SeriesQuestion, measurement: string, source: SeriesSource): AsyncGenerator<NamedSeries> {
  const candidates = candidatesOf(question);
  const missing = new Set<string>();
  for (const each of indexedNames(question, measurement, source)) missing.add(idOf(each));
  for (const series of missing.size === 0 ? [] : source.series(measurement, compileTagFilter(question.filter))) {
    const added = candidates(measurement, series).filter((each) => missing.has(idOf(each)));
    if (added.length === 0 || !(await source.hasPoint(series, question.range))) continue;
    for (const each of added) missing.delete(idOf(each));
    yield* added;
    if (missing.size === 0) return;
  }
}

/** Tags, of a shard without deletes, stand in its index where nothing more is asked of their series. */
function standsInIndex({ wants, filter, nameFilter, range }: SeriesQuestion, { hasDeletes }: SeriesSource): boolean {
  return wants !== 'seriesKeys' && filter.kind === 'all' && nameFilter === undefined && range === undefined && !hasDeletes;
}

/** All that could be answered about tags. */
function* indexedNames({ wants, keyMatch }: SeriesQuestion, measurement: string, source: SeriesSource): Generator<NamedSeries> {
  const isWanted = keyMatch === undefined ? (): boolean => true : keyMatcher(keyMatch);
  for (const name of source.tagKeys(measurement)) {
    if (wants === 'tagKeys') yield { measurement, name };
    else if (isWanted(name)) for (const value of source.tagValues(measurement, name)) yield { measurement, name, value };
  }
}

function idOf({ name, value }: NamedSeries): string {
  return value === undefined ? name : `${name.length}:${name}${value}`;
}

async function sketchOf(question: SeriesQuestion, source: SeriesSource): Promise<SeriesSketch> {
  const filter = compileTagFilter(question.filter);
  const sketch = new SeriesSketch();
  for (const measurement of question.measurements) {
    for (const series of source.series(measurement, filter)) {
      if (await source.hasPoint(series, question.range)) sketch.add(series.key);
    }
  }
  return sketch;
}

/** The names that a series would add. */
function candidatesOf(question: SeriesQuestion): (measurement: string, series: IndexedSeries) => NamedSeries[] {
  const { wants, keyMatch } = question;
  const isWanted = keyMatch === undefined ? (): boolean => true : keyMatcher(keyMatch);
  const passes = nameTest(question);
  switch (wants) {
    case 'tagKeys':
      return (measurement, { tags }) => tags.filter((tag) => passes(measurement, tags, tag)).map(([name]) => ({ measurement, name }));
    case 'tagValues':
      return (measurement, { tags }) =>
        tags.filter((tag) => isWanted(tag[0]) && passes(measurement, tags, tag)).map(([name, value]) => ({ measurement, name, value }));
    default:
      return (measurement, { key, tags }) => (passes(measurement, tags, undefined) ? [{ measurement, name: key }] : []);
  }
}

function nameTest({ wants, nameFilter }: SeriesQuestion): (measurement: string, tags: TagSet, tag: readonly [key: string, value: string] | undefined) => boolean {
  if (nameFilter === undefined) return () => true;
  const filter = compileTagFilter(nameFilter);
  return (measurement, tags, tag) =>
    matchesTags(filter, (key) => {
      if (key === '_name') return measurement;
      if (key === '_tagKey' && tag !== undefined) return tag[0];
      return key === 'value' && wants === 'tagValues' ? tag![1] : tagValue(tags, key);
    });
}
