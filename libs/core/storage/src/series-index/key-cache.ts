import type { SeriesKey } from '@varve/model';

/** Of these many keys, up to 300 bytes each. */
const KEY_COUNT_MAX = 32_768;
/** So many questions are looked back on. */
const WINDOW_SIZE = KEY_COUNT_MAX;
/** So many questions go by before a cache that was of no use is tried again. */
const REST_COUNT = 4 * WINDOW_SIZE;

/**
 * The ids of some series keys. A full cache takes no more, because series are written in turns: what it threw out would be
 * asked for next. When most of a window was not there, all are forgotten, and nothing is looked up for a while: a miss takes
 * half as long as finding the series without the cache.
 */
export class KeyCache {
  readonly #ids = new Map<SeriesKey, number>();
  #restCount = 0;
  #askedCount = 0;
  #missCount = 0;

  get(key: SeriesKey): number | undefined {
    if (this.#restCount > 0) {
      this.#restCount -= 1;
      return undefined;
    }
    this.#askedCount += 1;
    return this.#ids.get(key);
  }

  /** To be told of each key that `get` did not have. */
  onMiss(key: SeriesKey, seriesId: number): void {
    if (this.#restCount > 0) return;
    this.#missCount += 1;
    if (this.#ids.size < KEY_COUNT_MAX) this.#ids.set(key, seriesId);
    else if (this.#askedCount >= WINDOW_SIZE) this.#lookBack();
  }

  #lookBack(): void {
    if (2 * this.#missCount > this.#askedCount) {
      this.#ids.clear();
      this.#restCount = REST_COUNT;
    }
    this.#askedCount = 0;
    this.#missCount = 0;
  }
}
