import { assert, type SizeBytes } from '@varve/base';

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
  #durableIndex: number;

  constructor(stored: {
    readonly entries: readonly Entry[];
    readonly compactedIndex: number;
    readonly compactedTerm: number;
  }) {
    this.#entries = [];
    this.#compactedIndex = stored.compactedIndex;
    this.#compactedTerm = stored.compactedTerm;
    for (const entry of stored.entries) this.append(entry);
    this.#durableIndex = this.lastIndex;
  }

  /** Entries at or below it are in the snapshot. */
  get compactedIndex(): number {
    return this.#compactedIndex;
  }

  get lastIndex(): number {
    return this.#compactedIndex + this.#entries.length;
  }

  /** Entries at or below it are on this peer's disk. */
  get durableIndex(): number {
    return this.#durableIndex;
  }

  get lastTerm(): number {
    return this.termAt(this.lastIndex);
  }

  /** Of an entry that is there, or of the last one that the snapshot replaced. */
  termAt(index: number): number {
    const term = this.#knownTermAt(index);
    assert(term !== undefined, `no entry ${index} in the log ${this.#compactedIndex + 1}..${this.lastIndex}`);
    return term;
  }

  /** Whether it is known to hold this entry: then all entries before it are the same as well. */
  matches(index: number, term: number): boolean {
    return this.#knownTermAt(index) === term;
  }

  /** Whether a log that ends there holds every committed entry that this one holds. */
  isCoveredBy(lastIndex: number, lastTerm: number): boolean {
    return lastTerm > this.lastTerm || (lastTerm === this.lastTerm && lastIndex >= this.lastIndex);
  }

  /**
   * The last index, `index` at most, whose term is `term` at most: a log that holds the entry (index, term) cannot agree
   * with this one above it. Below what was compacted terms are not known, and nothing is ruled out.
   */
  lastPossibleMatch(index: number, term: number): number {
    let at = Math.min(index, this.lastIndex);
    while (at > this.#compactedIndex && this.termAt(at) > term) at -= 1;
    return at;
  }

  append(entry: Entry): void {
    assert(entry.index === this.lastIndex + 1, `entry ${entry.index} after ${this.lastIndex}`);
    assert(entry.term >= this.lastTerm, `entry of term ${entry.term} after one of term ${this.lastTerm}`);
    this.#entries.push(entry);
  }

  /**
   * Takes an entry of the leader. Only one that contradicts the log cuts it: what merely came late must not.
   * What is committed is never contradicted.
   */
  replicate(entry: Entry, commitIndex: number): void {
    if (this.matches(entry.index, entry.term)) return;
    if (entry.index <= this.lastIndex) {
      assert(entry.index > commitIndex, `entry ${entry.index} of term ${entry.term} contradicts a committed one`);
      this.#truncateFrom(entry.index);
    }
    this.append(entry);
  }

  /** These are on disk. What another leader has replaced meanwhile is so too, and no part of the log any more. */
  markDurable(entries: readonly Entry[]): void {
    const last = entries.findLast(({ index, term }) => this.matches(index, term));
    this.#durableIndex = Math.max(this.#durableIndex, last?.index ?? 0);
  }

  /** Entries above `afterIndex`, up to and including `throughIndex`. */
  between(afterIndex: number, throughIndex: number): readonly Entry[] {
    assert(
      this.#compactedIndex <= afterIndex && afterIndex <= throughIndex,
      `entries ${afterIndex + 1}..${throughIndex} of a log compacted through ${this.#compactedIndex}`,
    );
    return this.#entries.slice(afterIndex - this.#compactedIndex, throughIndex - this.#compactedIndex);
  }

  /** Entries above `afterIndex`, as many as fit; the first one always does. */
  batchAfter(afterIndex: number, sizeBytesMax: SizeBytes): readonly Entry[] {
    let throughIndex = afterIndex;
    let sizeBytes = 0;
    while (throughIndex < this.lastIndex) {
      sizeBytes += sizeBytesOf(this.#entries[throughIndex - this.#compactedIndex]!);
      if (sizeBytes > sizeBytesMax && throughIndex > afterIndex) break;
      throughIndex += 1;
    }
    return this.between(afterIndex, throughIndex);
  }

  /** Of the entries above `afterIndex`. */
  sizeBytesAfter(afterIndex: number): SizeBytes {
    const above = this.between(afterIndex, this.lastIndex);
    return above.reduce((sizeBytes, entry) => sizeBytes + sizeBytesOf(entry), 0);
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
    this.#durableIndex = Math.max(this.#durableIndex, throughIndex);
  }

  /** Begins anew behind a snapshot that ends with this entry. */
  restart(index: number, term: number): void {
    assert(index > this.#compactedIndex, `a snapshot through ${index} of a log compacted through ${this.#compactedIndex}`);
    this.#entries = [];
    this.#compactedIndex = index;
    this.#compactedTerm = term;
    this.#durableIndex = index;
  }

  /** Lets the entries from this one on go: another leader has decided otherwise. */
  #truncateFrom(index: number): void {
    assert(
      this.#compactedIndex < index && index <= this.lastIndex,
      `truncate from ${index} of ${this.#compactedIndex + 1}..${this.lastIndex}`,
    );
    this.#entries.length = index - this.#compactedIndex - 1;
    this.#durableIndex = Math.min(this.#durableIndex, index - 1);
  }

  #knownTermAt(index: number): number | undefined {
    if (index === this.#compactedIndex) return this.#compactedTerm;
    return this.#entries[index - this.#compactedIndex - 1]?.term;
  }
}

/** What an entry takes beside its payload: index, term, kind, length. */
const ENTRY_OVERHEAD_BYTES = 32;

function sizeBytesOf({ payload }: Entry): SizeBytes {
  return ENTRY_OVERHEAD_BYTES + payload.length;
}
