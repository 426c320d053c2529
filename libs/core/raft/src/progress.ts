import type { RaftLog } from './raft-log.ts';

/**
 * What a leader knows of one follower's log, and what is under way to it.
 *
 *   probing ── accepted ──▶ replicating      one append at a time until the place is found where the logs agree,
 *      ◀────── rejected ───────              then several in flight, each sent as if the ones before had arrived
 *
 * A follower whose next entry was compacted away needs a snapshot; it goes on from there once it has one.
 */
export class Progress {
  /** It has answered since somebody last asked. */
  isActive = false;
  /** It is to hear from its leader, whether there is something to say or not. */
  isBeatDue = false;
  #matchIndex = 0;
  #nextIndex: number;
  #sentCommitIndex = 0;
  #isProbing = true;
  /** The last index of each append that is not answered, ascending. */
  #inFlight: number[] = [];

  constructor(nextIndex: number) {
    this.#nextIndex = nextIndex;
  }

  /** Up to here its log is durable and the leader's. */
  get matchIndex(): number {
    return this.#matchIndex;
  }

  /** What is sent next. */
  get nextIndex(): number {
    return this.#nextIndex;
  }

  /** The commit index that it was told last. */
  get sentCommitIndex(): number {
    return this.#sentCommitIndex;
  }

  get isReplicating(): boolean {
    return !this.#isProbing;
  }

  /** Whether one more append with entries may go out. */
  hasRoom(inFlightCountMax: number): boolean {
    return this.#inFlight.length < (this.#isProbing ? 1 : inFlightCountMax);
  }

  /** An append with entries up to this one went out. */
  onSent(lastIndex: number): void {
    this.#inFlight.push(lastIndex);
    if (!this.#isProbing) this.#nextIndex = lastIndex + 1;
  }

  /** Anything went out. */
  onHeard(commitIndex: number): void {
    this.isBeatDue = false;
    this.#sentCommitIndex = commitIndex;
  }

  onAccepted(matchIndex: number): void {
    this.isActive = true;
    this.#matchIndex = Math.max(this.#matchIndex, matchIndex);
    this.#inFlight = this.#isProbing ? [] : this.#inFlight.filter((lastIndex) => lastIndex > matchIndex);
    this.#nextIndex = this.#isProbing ? this.#matchIndex + 1 : Math.max(this.#nextIndex, this.#matchIndex + 1);
    this.#isProbing = false;
  }

  /** Goes back to where the logs may agree. What was answered before something newer was learnt changes nothing. */
  onRejected(rejected: { readonly prevIndex: number; readonly hintIndex: number; readonly hintTerm: number }, log: RaftLog): void {
    this.isActive = true;
    const { prevIndex, hintIndex, hintTerm } = rejected;
    const isStale = this.#isProbing ? prevIndex !== this.#nextIndex - 1 : prevIndex <= this.#matchIndex;
    if (isStale) return;
    const possibleMatch = Math.min(prevIndex - 1, log.lastPossibleMatch(hintIndex, hintTerm));
    this.#nextIndex = Math.max(this.#matchIndex, possibleMatch) + 1;
    this.#isProbing = true;
    this.#inFlight = [];
  }
}
