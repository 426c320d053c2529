/**
 * The least of several sorted sources: a binary heap that is told when the least one moved on. Equal sources come in any
 * order; whoever needs one makes `compare` total.
 */
export class MergeHeap<Source> {
  readonly #compare: (left: Source, right: Source) => number;
  readonly #sources: Source[] = [];

  constructor(compare: (left: Source, right: Source) => number, sources: Iterable<Source> = []) {
    this.#compare = compare;
    for (const source of sources) this.push(source);
  }

  get size(): number {
    return this.#sources.length;
  }

  /** The least source, undefined when there is none. */
  get least(): Source | undefined {
    return this.#sources[0];
  }

  /** The least of the others. */
  get second(): Source | undefined {
    const [, left, right] = this.#sources;
    if (left === undefined || right === undefined) return left;
    return this.#compare(left, right) <= 0 ? left : right;
  }

  push(source: Source): void {
    const sources = this.#sources;
    let index = sources.length;
    sources.push(source);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (this.#compare(sources[parent]!, source) <= 0) break;
      sources[index] = sources[parent]!;
      index = parent;
    }
    sources[index] = source;
  }

  /** The least source has moved on: puts it where it belongs now. */
  sink(): void {
    const sources = this.#sources;
    const source = sources[0]!;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= sources.length) break;
      if (child + 1 < sources.length && this.#compare(sources[child + 1]!, sources[child]!) < 0) child += 1;
      if (this.#compare(source, sources[child]!) <= 0) break;
      sources[index] = sources[child]!;
      index = child;
    }
    sources[index] = source;
  }

  /** Takes the least source out. */
  pop(): Source | undefined {
    const [least] = this.#sources;
    const last = this.#sources.pop();
    if (last === undefined || last === least) return least;
    this.#sources[0] = last;
    this.sink();
    return least;
  }
}
