import { assert, DbError } from '@varve/base';
import { parseSeriesKey, type SeriesKey, type TagFilter, type TagSet } from '@varve/model';
import { IdSet } from './series-index/id-set.ts';
import { KeyCache } from './series-index/key-cache.ts';
import { KeyOrder } from './series-index/key-order.ts';
import { Segments } from './series-index/segments.ts';
import { SeriesKeys } from './series-index/series-keys.ts';
import { TagIndex } from './series-index/tag-index.ts';

/** A series as queries name it. Key and tags are made when they are first asked for. */
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

const SERIES_ID_MAX = 2 ** 31 - 1;

/** About 1 KiB each; when full all are forgotten. */
const REF_COUNT_MAX = 16_384;

/**
 * Series key ↔ id, and which series have which tags. An id is given when a series is first seen, and becomes durable with
 * the flush that first contains the series; one that was not flushed is given anew after a restart. A million series with
 * ten tags take about 120 bytes each: docs/adr/0019-series-index.md.
 */
export class SeriesIndex {
  readonly #segments = new Segments();
  readonly #keys = new SeriesKeys(this.#segments);
  readonly #tags = new TagIndex(this.#segments);
  readonly #cache = new KeyCache();
  /** By measurement. */
  readonly #orders: KeyOrder[] = [];
  /** What queries asked for, with its tags taken out of the key. */
  readonly #refs = new Map<number, SeriesRef>();

  /** @throws DbError STORAGE_CORRUPT when ids do not count from 1 up, or keys repeat. */
  static open(stored: readonly StoredSeriesLike[]): SeriesIndex {
    const index = new SeriesIndex();
    for (const { seriesId, key } of [...stored].sort((left, right) => left.seriesId - right.seriesId)) {
      const { lastId } = index;
      if (seriesId !== lastId + 1 || index.#add(key) !== seriesId)
        throw new DbError('STORAGE_CORRUPT', `series ${seriesId} after ${lastId}`, { seriesId, key });
    }
    return index;
  }

  /** The greatest id given so far, 0 at first. */
  get lastId(): number {
    return this.#keys.lastId;
  }

  /** The id of a series; a new series gets the next one. */
  idOf(key: SeriesKey): number {
    const cached = this.#cache.get(key);
    if (cached !== undefined) return cached;
    const seriesId = this.#add(key);
    this.#cache.onMiss(key, seriesId);
    return seriesId;
  }

  has(seriesId: number): boolean {
    return seriesId >= 1 && seriesId <= this.lastId;
  }

  /** Whether the series was seen; none is added. */
  hasKey(key: SeriesKey): boolean {
    return this.#keys.has(key);
  }

  keyOf(seriesId: number): SeriesKey {
    assert(this.has(seriesId), `no series ${seriesId}`);
    return this.#keys.keyOf(seriesId);
  }

  /** Which measurement the series is of: measurements count from 0 in order of first appearance, in this process only. */
  measurementIdOf(seriesId: number): number {
    assert(this.has(seriesId), `no series ${seriesId}`);
    return this.#tags.measurementIdOf(this.#keys.ownerOf(seriesId));
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
    return [...this.#tags.measurements()].sort();
  }

  /** Tag keys that any series of the measurement has, sorted. */
  tagKeys(measurement: string): readonly string[] {
    return [...this.#tags.tagKeys(measurement)].sort();
  }

  /** Values of a tag key that any series of the measurement has; in no order, and perhaps more than once. */
  tagValues(measurement: string, tagKey: string): Iterable<string> {
    return this.#tags.tagValues(measurement, tagKey);
  }

  /** Ids of the series that the filter lets pass, of all measurements when none is named. */
  idsOf(measurement: string | undefined, filter: TagFilter): IdSet {
    const ids = new IdSet(this.lastId);
    for (const each of measurement === undefined ? this.#tags.measurements() : [measurement]) {
      const measurementId = this.#tags.findMeasurement(each);
      if (measurementId !== undefined) ids.unite(this.#tags.matching(measurementId, filter, this.lastId));
    }
    return ids;
  }

  /** Whether the filter lets any series of the measurement pass. */
  hasAny(measurement: string, filter: TagFilter): boolean {
    const measurementId = this.#tags.findMeasurement(measurement);
    if (measurementId === undefined) return false;
    return filter.kind === 'all' || this.#tags.matching(measurementId, filter, this.lastId).count() > 0;
  }

  /** Series of the measurement that the filter lets pass, sorted by key. */
  series(measurement: string, filter: TagFilter): readonly SeriesRef[] {
    const measurementId = this.#tags.findMeasurement(measurement);
    if (measurementId === undefined) return [];
    const passing = this.#tags.matching(measurementId, filter, this.lastId);
    const order = (this.#orders[measurementId] ??= new KeyOrder(this.#keys));
    const ids = order.sorted(passing, {
      seriesCount: this.#tags.seriesCountOf(measurementId),
      all: () => this.#tags.matching(measurementId, { kind: 'all' }, this.lastId),
    });
    const areKept = ids.length <= REF_COUNT_MAX;
    const series: SeriesRef[] = [];
    for (const seriesId of ids) series.push(areKept ? this.#keptRef(seriesId) : new LazySeries(this.#keys, seriesId));
    return series;
  }

  #keptRef(seriesId: number): SeriesRef {
    const known = this.#refs.get(seriesId);
    if (known !== undefined) return known;
    const ref = new LazySeries(this.#keys, seriesId);
    if (this.#refs.size >= REF_COUNT_MAX) this.#refs.clear();
    this.#refs.set(seriesId, ref);
    return ref;
  }

  /** The id of the key, whether it was there or not. */
  #add(key: SeriesKey): number {
    const { lastId } = this;
    const seriesId = this.#keys.idOf(key);
    if (seriesId <= lastId) return seriesId;
    assert(seriesId <= SERIES_ID_MAX, `series id ${seriesId} above ${SERIES_ID_MAX}`);
    this.#tags.addSeries(seriesId, this.#keys.ownerOf(seriesId), this.#keys.tagsOf(seriesId));
    return seriesId;
  }
}

class LazySeries implements SeriesRef {
  readonly seriesId: number;
  readonly #keys: SeriesKeys;
  #key: SeriesKey | undefined = undefined;
  #tags: TagSet | undefined = undefined;

  constructor(keys: SeriesKeys, seriesId: number) {
    this.seriesId = seriesId;
    this.#keys = keys;
  }

  get key(): SeriesKey {
    return (this.#key ??= this.#keys.keyOf(this.seriesId));
  }

  get tags(): TagSet {
    return (this.#tags ??= parseSeriesKey(this.key).tags);
  }
}
