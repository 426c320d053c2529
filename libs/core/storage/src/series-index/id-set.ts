/** A set of ids from 0 to `idMax`, a bit each. */
export class IdSet {
  readonly #words: Uint32Array;

  constructor(idMax: number) {
    this.#words = new Uint32Array((idMax >>> 5) + 1);
  }

  has(id: number): boolean {
    return ((this.#words[id >>> 5]! >>> (id & 31)) & 1) === 1;
  }

  /** Whether any id from first to last, both inclusive, is in it. */
  hasAny(firstId: number, lastId: number): boolean {
    for (let id = firstId; id <= lastId; id += 1) if (this.has(id)) return true;
    return false;
  }

  add(id: number): void {
    this.#words[id >>> 5]! |= 1 << (id & 31);
  }

  remove(id: number): void {
    this.#words[id >>> 5]! &= ~(1 << (id & 31));
  }

  /** Keeps what is in the other too, which has the same `idMax`. */
  intersect(other: IdSet): void {
    const [words, others] = [this.#words, other.#words];
    for (let index = 0; index < words.length; index += 1) words[index]! &= others[index]!;
  }

  /** Takes what is in the other, which has the same `idMax`. */
  unite(other: IdSet): void {
    const [words, others] = [this.#words, other.#words];
    for (let index = 0; index < words.length; index += 1) words[index]! |= others[index]!;
  }

  count(): number {
    const words = this.#words;
    let count = 0;
    for (let index = 0; index < words.length; index += 1) if (words[index] !== 0) count += bitCount(words[index]!);
    return count;
  }

  /** Ascending. */
  ids(): Uint32Array {
    const words = this.#words;
    const ids = new Uint32Array(this.count());
    let length = 0;
    for (let index = 0; index < words.length; index += 1)
      for (let rest = words[index]!; rest !== 0; rest &= rest - 1)
        ids[length++] = index * 32 + 31 - Math.clz32(rest & -rest);
    return ids;
  }
}

/** Hacker's Delight, 5-1. */
function bitCount(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55_55_55_55);
  const fours = (pairs & 0x33_33_33_33) + ((pairs >>> 2) & 0x33_33_33_33);
  return Math.imul((fours + (fours >>> 4)) & 0x0f_0f_0f_0f, 0x01_01_01_01) >>> 24;
}
