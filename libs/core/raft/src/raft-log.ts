import { assert } from '@varve/base';

/** Why an entry is in the log. The numbers are on disk: append only. */
export const ENTRY_KINDS = { noOp: 0, command: 1 } as const;

/** One place in the log. Index and term together name it for ever. */
export interface Entry {
  /** From 1, without holes. */
  readonly index: number;
  /** Of the leader that made it. */
  readonly term: number;
  /** One of {@link ENTRY_KINDS}. */
  readonly kind: number;
  readonly payload: Uint8Array;
}

/** The part of the log that no snapshot has replaced, oldest first. */
export class RaftLog {
  #entries: Entry[];
  #compactedIndex: number;
  #compactedTerm: number;

  constructor(stored: {
    readonly entries: readonly Entry[];
    readonly compactedIndex: number;
    readonly compactedTerm: number;
  }) {
    this.#entries = [];
    this.#compactedIndex = stored.compactedIndex;
    this.#compactedTerm = stored.compactedTerm;
    for (const entry of stored.entries) this.append(entry);
  }

  /** Entries at or below it are in the snapshot. */
  get compactedIndex(): number {
    return this.#compactedIndex;
  }

  get lastIndex(): number {
    return this.#compactedIndex + this.#entries.length;
  }

  get lastTerm(): number {
    return this.termAt(this.lastIndex);
  }

  /** Of an entry that is there, or of the last one that the snapshot replaced. */
  termAt(index: number): number {
    if (index === this.#compactedIndex) return this.#compactedTerm;
    const entry = this.#entries[index - this.#compactedIndex - 1];
    assert(entry !== undefined, `no entry ${index} in the log ${this.#compactedIndex + 1}..${this.lastIndex}`);
    return entry.term;
  }

  append(entry: Entry): void {
    assert(entry.index === this.lastIndex + 1, `entry ${entry.index} after ${this.lastIndex}`);
    assert(entry.term >= this.lastTerm, `entry of term ${entry.term} after one of term ${this.lastTerm}`);
    this.#entries.push(entry);
  }

  /** Entries above `afterIndex`, up to and including `throughIndex`. */
  between(afterIndex: number, throughIndex: number): readonly Entry[] {
    assert(
      this.#compactedIndex <= afterIndex && afterIndex <= throughIndex,
      `entries ${afterIndex + 1}..${throughIndex} of a log compacted through ${this.#compactedIndex}`,
    );
    return this.#entries.slice(afterIndex - this.#compactedIndex, throughIndex - this.#compactedIndex);
  }

  /** Lets entries at or below the index go: a snapshot has what they did. */
  compact(throughIndex: number): void {
    assert(
      this.#compactedIndex <= throughIndex && throughIndex <= this.lastIndex,
      `compact through ${throughIndex} of ${this.#compactedIndex}..${this.lastIndex}`,
    );
    const term = this.termAt(throughIndex);
    this.#entries = this.#entries.slice(throughIndex - this.#compactedIndex);
    this.#compactedIndex = throughIndex;
    this.#compactedTerm = term;
  }
}
