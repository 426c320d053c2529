import type { IdSet } from './id-set.ts';
import type { SeriesKeys } from './series-keys.ts';

/** A set this much smaller than the measurement is sorted by itself: when the order must first be made, and when it is there. */
const SPARSE_FACTOR = 16;
const SPARSE_FACTOR_READY = 512;

/** The series of one measurement, sorted by key. Sorted when it is needed first; what is new by then is put in between. */
export class KeyOrder {
  readonly #keys: SeriesKeys;
  #ids = new Uint32Array(0);

  constructor(keys: SeriesKeys) {
    this.#keys = keys;
  }

  /** The ids of the set sorted by key; `all` gives all `seriesCount` series of the measurement. */
  sorted(set: IdSet, { seriesCount, all }: { readonly seriesCount: number; readonly all: () => IdSet }): Uint32Array {
    const count = set.count();
    const isReady = this.#ids.length === seriesCount;
    if (count * (isReady ? SPARSE_FACTOR_READY : SPARSE_FACTOR) < seriesCount) return this.#sort(set.ids());
    if (!isReady) this.#update(all());
    let length = 0;
    const ids = new Uint32Array(count);
    for (const id of this.#ids) if (set.has(id)) ids[length++] = id;
    return ids;
  }

  /** `all` is used up. */
  #update(all: IdSet): void {
    for (const id of this.#ids) all.remove(id);
    const added = this.#sort(all.ids());
    const merged = new Uint32Array(this.#ids.length + added.length);
    let before = 0;
    for (const [index, id] of added.entries()) {
      const place = this.#placeOf(id, before);
      merged.set(this.#ids.subarray(before, place), before + index);
      merged[place + index] = id;
      before = place;
    }
    merged.set(this.#ids.subarray(before), before + added.length);
    this.#ids = merged;
  }

  #placeOf(id: number, from: number): number {
    let [low, high] = [from, this.#ids.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#keys.compare(this.#ids[middle]!, id) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #sort(ids: Uint32Array): Uint32Array {
    return ids.sort((left, right) => this.#keys.compare(left, right));
  }
}
