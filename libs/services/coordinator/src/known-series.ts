import type { SeriesKey, ShardId } from '@varve/model';

/** A power of two. 8 MiB; of a million series two thirds are remembered. */
const SLOT_COUNT = 2 ** 21;

/**
 * Series that owners have said they have of a shard. Each leaves a mark of 31 bits in one slot, and the next one there takes
 * its place: what is forgotten is asked for again. Two series have one slot and mark with a chance of 2^-52: then a new one
 * passes for known, which the limit can bear.
 */
export class KnownSeries {
  /** Made when it is first needed. */
  #marks: Int32Array | undefined;

  has(shard: ShardId, key: SeriesKey): boolean {
    if (this.#marks === undefined) return false;
    const { slot, mark } = placeOf(shard, key);
    return this.#marks[slot] === mark;
  }

  add(shard: ShardId, key: SeriesKey): void {
    this.#marks ??= new Int32Array(SLOT_COUNT);
    const { slot, mark } = placeOf(shard, key);
    this.#marks[slot] = mark;
  }
}

/** Two hashes that have nothing in common: FNV-1a for the slot, one with other factors and shifts for the mark. */
function placeOf(shard: ShardId, key: SeriesKey): { readonly slot: number; readonly mark: number } {
  let slot = Math.imul(shard ^ 0x811c9dc5, 0x01000193);
  let mark = Math.imul(shard, 0x9e3779b1);
  for (let at = 0; at < key.length; at += 1) {
    const unit = key.charCodeAt(at);
    slot = Math.imul(slot ^ unit, 0x01000193);
    mark = Math.imul(mark ^ unit, 0x85ebca6b);
    mark ^= mark >>> 13;
  }
  slot ^= slot >>> 15;
  return { slot: slot & (SLOT_COUNT - 1), mark: mark | 1 }; // 0 is an empty slot.
}
