import type { Raft } from '@varve/raft';

/** What became of a log since it was looked at last. */
export interface LogChange {
  /** Entries above it are new. */
  readonly keptThrough: number;
  /** Entries that were there, and are not, and were not compacted. */
  readonly cutCount: number;
  /** A snapshot has come, and the log is not known to have held its last entry. */
  readonly isOtherHistory: boolean;
}

/** The terms of a log as they were when it was looked at last: shows at the price of what changed what has changed. */
export class LogShadow {
  #compactedIndex: number;
  #terms: number[] = [];

  constructor(raft: Raft) {
    this.#compactedIndex = raft.compactedIndex;
    this.update(raft);
  }

  get lastIndex(): number {
    return this.#compactedIndex + this.#terms.length;
  }

  /** By log matching the logs agree below the last place where they agree. */
  update(raft: Raft): LogChange {
    const { compactedIndex, lastIndex } = raft;
    const isOtherHistory = compactedIndex > this.#compactedIndex && this.#termAt(compactedIndex) !== raft.termAt(compactedIndex);
    let kept = Math.min(lastIndex, this.lastIndex);
    while (kept > compactedIndex && this.#termAt(kept) !== raft.termAt(kept)) kept -= 1;
    const keptThrough = Math.max(kept, compactedIndex);
    const cutCount = Math.max(0, this.lastIndex - keptThrough);
    this.#terms.length = Math.max(0, Math.min(this.#terms.length, keptThrough - this.#compactedIndex));
    if (compactedIndex > this.#compactedIndex) this.#forget(compactedIndex);
    for (let index = this.lastIndex + 1; index <= lastIndex; index += 1) this.#terms.push(raft.termAt(index));
    return { keptThrough, cutCount, isOtherHistory };
  }

  #termAt(index: number): number | undefined {
    return this.#terms[index - this.#compactedIndex - 1];
  }

  #forget(compactedIndex: number): void {
    this.#terms.splice(0, compactedIndex - this.#compactedIndex);
    this.#compactedIndex = compactedIndex;
  }
}
