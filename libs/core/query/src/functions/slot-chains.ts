/** Which entries, numbered as they come, belong to which slot, in their order: twelve bytes per entry and slot, however few entries a slot has. */
export class SlotChains {
  /** By slot: its first and last entry, +1, 0 where there is none, and how many there are. */
  #heads = new Int32Array(16);
  #tails = new Int32Array(16);
  #counts = new Int32Array(16);
  /** By entry: the next one of its slot, +1. */
  #nexts = new Int32Array(16);

  get sizeBytes(): number {
    return 12 * this.#heads.length + 4 * this.#nexts.length;
  }

  append(slot: number, entry: number): void {
    if (slot >= this.#heads.length) {
      this.#heads = grownInts(this.#heads, slot + 1);
      this.#tails = grownInts(this.#tails, slot + 1);
      this.#counts = grownInts(this.#counts, slot + 1);
    }
    if (entry >= this.#nexts.length) this.#nexts = grownInts(this.#nexts, entry + 1);
    this.#nexts[entry] = 0;
    if (this.#heads[slot] === 0) this.#heads[slot] = entry + 1;
    else this.#nexts[this.#tails[slot]! - 1] = entry + 1;
    this.#tails[slot] = entry + 1;
    this.#counts[slot] = this.#counts[slot]! + 1;
  }

  countOf(slot: number): number {
    return this.#counts[slot] ?? 0;
  }

  /** The slot's entries, in the order in which they came. */
  entriesOf(slot: number): Int32Array {
    const entries = new Int32Array(this.countOf(slot));
    let at = 0;
    for (let entry = this.#heads[slot] ?? 0; entry !== 0; entry = this.#nexts[entry - 1]!) entries[at++] = entry - 1;
    return entries;
  }

  /** Lets all of them go. */
  clear(): void {
    this.#heads.fill(0);
    this.#counts.fill(0);
  }
}

/** The same numbers with room for so many, at least twice as many as before. */
export function grownInts(array: Int32Array, count: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(Math.max(count, array.length * 2));
  larger.set(array);
  return larger;
}

/** {@link grownInts} of floats. */
export function grownFloats(array: Float64Array, count: number): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(Math.max(count, array.length * 2));
  larger.set(array);
  return larger;
}
