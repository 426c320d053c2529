/** Of eight slots at most so many are taken. */
const LOAD_MAX = 7;

/**
 * Hash → ids from 1 up, by linear probing in one array of pairs. Two ids may have the same hash: whoever asks compares.
 *
 *     for (let slot = slots.first(hash); slots.idAt(slot) !== 0; slot = slots.next(slot))
 *       if (slots.hashAt(slot) === hash && isSame(slots.idAt(slot))) …
 */
export class HashSlots {
  #pairs = new Int32Array(2 * 16);
  #count = 0;

  /** `hash` is a signed number of 32 bits. */
  first(hash: number): number {
    return (hash << 1) & (this.#pairs.length - 1);
  }

  next(slot: number): number {
    return (slot + 2) & (this.#pairs.length - 1);
  }

  hashAt(slot: number): number {
    return this.#pairs[slot]!;
  }

  /** 0 where the probing ends. */
  idAt(slot: number): number {
    return this.#pairs[slot + 1]!;
  }

  add(hash: number, id: number): void {
    this.#count += 1;
    if (this.#count * 16 > this.#pairs.length * LOAD_MAX) this.#grow();
    this.#put(hash, id);
  }

  #put(hash: number, id: number): void {
    let slot = this.first(hash);
    while (this.idAt(slot) !== 0) slot = this.next(slot);
    this.#pairs[slot] = hash;
    this.#pairs[slot + 1] = id;
  }

  #grow(): void {
    const before = this.#pairs;
    this.#pairs = new Int32Array(2 * before.length);
    for (let slot = 0; slot < before.length; slot += 2)
      if (before[slot + 1] !== 0) this.#put(before[slot]!, before[slot + 1]!);
  }
}

/** A hash of bytes [start, end), as a signed number of 32 bits. Source: rustc's FxHash, ended as MurmurHash3. */
export function hashBytes(view: DataView, start: number, end: number, seed: number): number {
  let hash = seed;
  let offset = start;
  for (; offset + 4 <= end; offset += 4) hash = mix(hash, view.getInt32(offset, true));
  for (; offset < end; offset += 1) hash = mix(hash, view.getUint8(offset));
  hash = Math.imul(hash ^ (hash >>> 16), 0x85_eb_ca_6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2_b2_ae_35);
  return hash ^ (hash >>> 16);
}

function mix(hash: number, word: number): number {
  return Math.imul(((hash << 5) | (hash >>> 27)) ^ word, 0x9e_37_79_b1);
}
