import { assert, DbError } from '@varve/base';
import { parseSeriesKey, type SeriesKey, type TagFilter, type TagSet } from '@varve/model';
import { intersection, difference, union, type Postings } from './postings.ts';

/** A series as queries name it. */
export interface SeriesRef {
  /** From 1 up, in this replica only. */
  readonly seriesId: number;
  readonly key: SeriesKey;
  readonly tags: TagSet;
}

/** A series as the shard's file has it. */
export interface StoredSeriesLike {
  readonly seriesId: number;
  readonly key: string;
}

interface Measurement {
  /** From 0 up, in order of first appearance. */
  readonly measurementId: number;
  readonly seriesIds: number[];
  /** Tag key → value → series. Ids are given in ascending order, so appending keeps every list sorted. */
  readonly tags: Map<string, Map<string, number[]>>;
}

/** Bounds what a damaged file can ask for: ids are given from 1 up, and a shard has far fewer series. */
const SERIES_ID_MAX = 2 ** 31 - 1;

/** About 1 KiB each; when full all are forgotten. */
const REF_COUNT_MAX = 16_384;

/**
 * Series key ↔ id, and per measurement tag key → tag value → series. An id is given when a series is first seen, and
 * becomes durable with the flush that first contains the series; one that was not flushed is given anew after a restart.
 */
export class SeriesIndex {
  readonly #ids = new Map<string, number>();
  /** Id → key; nothing at 0. */
  readonly #keys: (string | undefined)[] = [undefined];
  readonly #measurements = new Map<string, Measurement>();
  /** Id of a series → id of its measurement. */
  readonly #measurementIds: number[] = [];
  /** What queries asked for, with its tags taken out of the key. */
  readonly #refs = new Map<number, SeriesRef>();

  /** @throws DbError STORAGE_CORRUPT when ids or keys repeat, or are no ids. */
  static open(stored: readonly StoredSeriesLike[]): SeriesIndex {
    const index = new SeriesIndex();
    for (const { seriesId, key } of [...stored].sort((left, right) => left.seriesId - right.seriesId)) {
      const isValid =
        Number.isInteger(seriesId) && index.lastId < seriesId && seriesId <= SERIES_ID_MAX && !index.#ids.has(key);
      if (!isValid) throw new DbError('STORAGE_CORRUPT', `series ${seriesId} after ${index.lastId}`, { seriesId, key });
      index.#add(seriesId, key);
    }
    return index;
  }

  /** The greatest id given so far, 0 at first. */
  get lastId(): number {
    return this.#keys.length - 1;
  }

  /** The id of a series; a new series gets the next one. */
  idOf(key: SeriesKey): number {
    const known = this.#ids.get(key);
    if (known !== undefined) return known;
    const seriesId = this.lastId + 1;
    assert(seriesId <= SERIES_ID_MAX, `series id ${seriesId} above ${SERIES_ID_MAX}`);
    this.#add(seriesId, key);
    return seriesId;
  }

  has(seriesId: number): boolean {
    return this.#keys[seriesId] !== undefined;
  }

  keyOf(seriesId: number): SeriesKey {
    const key = this.#keys[seriesId];
    assert(key !== undefined, `no series ${seriesId}`);
    return key;
  }

  /** Which measurement the series is of: measurements count from 0 in order of first appearance, in this process only. */
  measurementIdOf(seriesId: number): number {
    const measurementId = this.#measurementIds[seriesId];
    assert(measurementId !== undefined, `no series ${seriesId}`);
    return measurementId;
  }

  /** Series with ids above `afterId`, ascending. */
  seriesAfter(afterId: number): StoredSeriesLike[] {
    const series: StoredSeriesLike[] = [];
    for (let seriesId = afterId + 1; seriesId <= this.lastId; seriesId += 1)
      series.push({ seriesId, key: this.keyOf(seriesId) });
    return series;
  }

  /** Sorted by name. */
  measurements(): readonly string[] {
    return [...this.#measurements.keys()].sort();
  }

  /** Tag keys that any series of the measurement has, sorted. */
  tagKeys(measurement: string): readonly string[] {
    return [...(this.#measurements.get(measurement)?.tags.keys() ?? [])].sort();
  }

  /** Series of the measurement that the filter lets pass, sorted by key. */
  series(measurement: string, filter: TagFilter): readonly SeriesRef[] {
    const entry = this.#measurements.get(measurement);
    if (entry === undefined) return [];
    const ids = Array.from(matching(entry, filter));
    return ids.map((seriesId) => this.#refOf(seriesId)).sort((left, right) => (left.key < right.key ? -1 : 1));
  }

  #refOf(seriesId: number): SeriesRef {
    const known = this.#refs.get(seriesId);
    if (known !== undefined) return known;
    const key = this.keyOf(seriesId);
    const ref = { seriesId, key, tags: parseSeriesKey(key).tags };
    if (this.#refs.size >= REF_COUNT_MAX) this.#refs.clear();
    this.#refs.set(seriesId, ref);
    return ref;
  }

  #add(seriesId: number, key: string): void {
    const { measurement, tags } = parseSeriesKey(key);
    this.#ids.set(key, seriesId);
    this.#keys[seriesId] = key;
    const entry = getOrAdd(this.#measurements, measurement, () => ({
      measurementId: this.#measurements.size,
      seriesIds: [],
      tags: new Map(),
    }));
    this.#measurementIds[seriesId] = entry.measurementId;
    entry.seriesIds.push(seriesId);
    for (const [name, value] of tags) {
      const values = getOrAdd(entry.tags, name, () => new Map<string, number[]>());
      getOrAdd(values, value, () => []).push(seriesId);
    }
  }
}

/** Ids of the series that pass, ascending. */
function matching(entry: Measurement, filter: TagFilter): Postings {
  switch (filter.kind) {
    case 'all':
      return entry.seriesIds;
    case 'and':
      return filter.parts.map((part) => matching(entry, part)).reduce(intersection, entry.seriesIds);
    case 'or':
      return union(filter.parts.map((part) => matching(entry, part)));
    case 'equals':
      if (filter.value === '') return withTag(entry, filter.key, (value) => value === '');
      return entry.tags.get(filter.key)?.get(filter.value) ?? [];
    case 'test':
      return withTag(entry, filter.key, filter.test);
  }
}

/** Asks the test once per distinct value; series without the tag have the value ''. */
function withTag(entry: Measurement, key: string, test: (value: string) => boolean): Postings {
  const values = entry.tags.get(key) ?? new Map<string, number[]>();
  const passesWithout = test('');
  const wanted: Postings[] = [];
  for (const [value, postings] of values) if (test(value) !== passesWithout) wanted.push(postings);
  return passesWithout ? difference(entry.seriesIds, union(wanted)) : union(wanted);
}

function getOrAdd<Value>(map: Map<string, Value>, key: string, create: () => Value): Value {
  let value = map.get(key);
  if (value === undefined) map.set(key, (value = create()));
  return value;
}
