import type { Append, SnapshotOffer } from './message.ts';
import type { Outbox } from './outbox.ts';
import type { LogEnd } from './entry.ts';
import type { RaftLog } from './raft-log.ts';

/** A peer that is led: it takes what the leader of its term has, and says how far that went. */
export class Following {
  readonly #id: number;
  readonly #log: RaftLog;
  readonly #outbox: Outbox;

  constructor(id: number, log: RaftLog, outbox: Outbox) {
    this.#id = id;
    this.#log = log;
    this.#outbox = outbox;
  }

  onAppend(message: Append): void {
    const { prevIndex, prevTerm, entries, commitIndex } = message;
    if (prevIndex < this.#log.commitIndex) return this.#accept(message, this.#log.commitIndex);
    if (!this.#log.matches(prevIndex, prevTerm)) return this.#reject(message, { lastIndex: prevIndex, lastTerm: prevTerm });
    this.#log.replicate(entries);
    const matchIndex = prevIndex + entries.length;
    this.#log.commitThrough(Math.min(commitIndex, matchIndex));
    this.#accept(message, matchIndex);
  }

  onSnapshotOffer(message: SnapshotOffer): void {
    const { from, index, indexTerm } = message;
    if (index > this.#log.commitIndex && !this.#log.matches(index, indexTerm)) {
      this.#outbox.need({ from, index });
      return this.#reject(message, { lastIndex: index, lastTerm: indexTerm });
    }
    this.#log.commitThrough(index);
    this.#accept(message, this.#log.commitIndex);
  }

  #accept({ from: to, term, round }: Append | SnapshotOffer, matchIndex: number): void {
    this.#outbox.send({ kind: 'appendAccepted', from: this.#id, to, term, matchIndex, round });
  }

  #reject({ from: to, term, round }: Append | SnapshotOffer, { lastIndex: prevIndex, lastTerm: prevTerm }: LogEnd): void {
    const hintIndex = this.#log.lastPossibleMatch(prevIndex, prevTerm);
    const hintTerm = this.#log.termAt(hintIndex);
    const { isDamaged: isRecovering } = this.#log;
    this.#outbox.send({ kind: 'appendRejected', from: this.#id, to, term, prevIndex, hintIndex, hintTerm, isRecovering, round });
  }
}
