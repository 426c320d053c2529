import { grownFloats, grownInts, SlotChains } from './slot-chains.ts';

/** The index is in so many parts, which grow one after the other: a large one would keep everybody waiting. */
const PART_COUNT = 64;
const PART_BITS = 6;

/** Where bits of a number are looked at. */
const NUMBER = new Float64Array(1);
const HALVES = new Uint32Array(NUMBER.buffer);

/** When something was there: a number, and another where two are the same. */
interface TallyTime {
  readonly major: number;
  readonly minor: number;
}

/** How often each number stands in each slot, and when first, or last: about 50 bytes for one, in typed arrays. */
export class TallyTable {
  // Each has room for a different number at first, so that no two of them, once large, are copied at the same time.
  #numbers = new Float64Array(16);
  #counts = new Float64Array(19);
  #majors = new Float64Array(22);
  /** By entry: its slot, and the second part of its time. */
  #slots = new Int32Array(25);
  #minors = new Int32Array(28);
  readonly #chains = new SlotChains();
  /** Open addressing over entries, +1; 0 is free. */
  readonly #index: (Int32Array | undefined)[] = new Array<undefined>(PART_COUNT).fill(undefined);
  readonly #used = new Int32Array(PART_COUNT);
  #count = 0;
  #growCount = 0;
  readonly #takesLastTime: boolean;

  constructor(takesLastTime = false) {
    this.#takesLastTime = takesLastTime;
  }

  /** Different numbers, over all slots. */
  get count(): number {
    return this.#count;
  }

  get sizeBytes(): number {
    return 32 * this.#numbers.length + this.#chains.sizeBytes + this.#index.reduce((sum, part) => sum + 4 * (part?.length ?? 0), 0);
  }

  /** How often a part of the index was made larger, which takes as long as what is in it. */
  get growCount(): number {
    return this.#growCount;
  }

  countIn(slot: number): number {
    return this.#chains.countOf(slot);
  }

  /** The slot's entries, in the order in which they came. */
  entriesOf(slot: number): Int32Array {
    return this.#chains.entriesOf(slot);
  }

  numberOf(entry: number): number {
    return this.#numbers[entry]!;
  }

  countOf(entry: number): number {
    return this.#counts[entry]!;
  }

  /** When it was there first, or last. */
  timeOf(entry: number): TallyTime {
    return { major: this.#majors[entry]!, minor: this.#minors[entry]! };
  }

  /** As for `Array.sort`: which of two times is the earlier one. */
  compareTimes(left: number, right: number): number {
    return this.#majors[left]! - this.#majors[right]! || this.#minors[left]! - this.#minors[right]!;
  }

  /** Counts a number so many times more. */
  add(slot: number, number: number, count: number, major: number, minor: number): void {
    const hash = hashOf(slot, number);
    const part = hash & (PART_COUNT - 1);
    const index = this.#roomIn(part);
    const mask = index.length - 1;
    for (let at = (hash >>> PART_BITS) & mask; ; at = (at + 1) & mask) {
      const entry = index[at]! - 1;
      if (entry < 0) {
        index[at] = this.#append(slot, number, count, major, minor) + 1;
        this.#used[part] = this.#used[part]! + 1;
        return;
      }
      if (this.#slots[entry] !== slot || !isSame(this.#numbers[entry]!, number)) continue;
      this.#counts[entry] = this.#counts[entry]! + count;
      const order = major - this.#majors[entry]! || minor - this.#minors[entry]!;
      if (this.#takesLastTime ? order <= 0 : order >= 0) return;
      this.#majors[entry] = major;
      this.#minors[entry] = minor;
      return;
    }
  }

  /** Lets all of them go. */
  clear(): void {
    if (this.#count === 0) return;
    this.#count = 0;
    this.#chains.clear();
    for (let part = 0; part < PART_COUNT; part += 1) if (this.#used[part]! > 0) this.#index[part]!.fill(0);
    this.#used.fill(0);
  }

  #append(slot: number, number: number, count: number, major: number, minor: number): number {
    const entry = this.#count;
    this.#growFor(entry);
    this.#numbers[entry] = number;
    this.#counts[entry] = count;
    this.#majors[entry] = major;
    this.#minors[entry] = minor;
    this.#slots[entry] = slot;
    this.#chains.append(slot, entry);
    this.#count += 1;
    return entry;
  }

  #growFor(entry: number): void {
    if (entry === this.#numbers.length) this.#numbers = grownFloats(this.#numbers, 0);
    if (entry === this.#counts.length) this.#counts = grownFloats(this.#counts, 0);
    if (entry === this.#majors.length) this.#majors = grownFloats(this.#majors, 0);
    if (entry === this.#minors.length) this.#minors = grownInts(this.#minors, 0);
    if (entry === this.#slots.length) this.#slots = grownInts(this.#slots, 0);
  }

  /** A part of the index with room for one more. */
  #roomIn(part: number): Int32Array {
    const index = this.#index[part];
    if (index !== undefined && this.#used[part]! + 1 <= index.length * FILL_MAX[part]!) return index;
    this.#growCount += 1;
    const larger = new Int32Array(Math.max(8, 2 * (index?.length ?? 0)));
    const mask = larger.length - 1;
    for (const entry of index ?? []) {
      if (entry === 0) continue;
      let at = (hashOf(this.#slots[entry - 1]!, this.#numbers[entry - 1]!) >>> PART_BITS) & mask;
      while (larger[at] !== 0) at = (at + 1) & mask;
      larger[at] = entry;
    }
    this.#index[part] = larger;
    return larger;
  }
}

/** How full each part may be. They fill up alike, and each grows at another time: one after the other while the whole doubles. */
const FILL_MAX = Float64Array.from({ length: PART_COUNT }, (_, part) => 0.33 * 2 ** (part / PART_COUNT));

/** NaN is one number, and so are 0 and -0. */
function isSame(one: number, other: number): boolean {
  return one === other || (Number.isNaN(one) && Number.isNaN(other));
}

function hashOf(slot: number, number: number): number {
  NUMBER[0] = number === 0 ? 0 : number;
  let hash = HALVES[0]! ^ Math.imul(HALVES[1]!, 0x9e3779b1) ^ Math.imul(slot, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
