import type { SizeBytes } from '@varve/base';
import type { AppendRejected } from './message.ts';
import type { RaftLog } from './raft-log.ts';

/** What may be under way to one follower. */
export interface InFlightBounds {
  readonly inFlightCountMax: number;
  readonly inFlightSizeBytesMax: SizeBytes;
}

/** Why an append was not taken. */
type Rejection = Pick<AppendRejected, 'prevIndex' | 'hintIndex' | 'hintTerm' | 'isRecovering'>;

/** An append that is not answered. */
interface InFlight {
  readonly lastIndex: number;
  readonly sizeBytes: SizeBytes;
}

/**
 * What a leader knows of one follower's log, and what is under way to it.
 *
 *   probing ── accepted ──▶ replicating      one append at a time until the place is found where the logs agree,
 *      ◀────── rejected ───────              then several in flight, each sent as if the ones before had arrived
 *
 * A follower whose next entry was compacted away needs a snapshot; it goes on from there once it has one.
 */
export class Progress {
  /** It is to hear from its leader, whether there is something to say or not. */
  isBeatDue = false;
  #matchIndex = 0;
  #nextIndex: number;
  #sentCommitIndex = 0;
  #answeredRound = 0;
  #isProbing = true;
  /** Since somebody last asked, and in the time before that. */
  #hasAnswered = false;
  #hadAnswered = false;
  /** Ascending. */
  #inFlight: InFlight[] = [];

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

  /** The newest round of reads that it has answered in this term. */
  get answeredRound(): number {
    return this.#answeredRound;
  }

  /** Whether it has answered lately. */
  get isActive(): boolean {
    return this.#hasAnswered || this.#hadAnswered;
  }

  get isReplicating(): boolean {
    return !this.#isProbing;
  }

  /** Whether it has answered since this was last asked. */
  takeHasAnswered(): boolean {
    this.#hadAnswered = this.#hasAnswered;
    this.#hasAnswered = false;
    return this.#hadAnswered;
  }

  /** Whether one more append with entries may go out. */
  hasRoom({ inFlightCountMax, inFlightSizeBytesMax }: InFlightBounds): boolean {
    const sizeBytes = this.#inFlight.reduce((total, each) => total + each.sizeBytes, 0);
    return this.#inFlight.length < (this.#isProbing ? 1 : inFlightCountMax) && sizeBytes < inFlightSizeBytesMax;
  }

  /** An append with entries up to `lastIndex` went out. */
  onSent(sent: InFlight): void {
    this.#inFlight.push(sent);
    if (!this.#isProbing) this.#nextIndex = sent.lastIndex + 1;
  }

  /** Anything went out. */
  onHeard(commitIndex: number): void {
    this.isBeatDue = false;
    this.#sentCommitIndex = commitIndex;
  }

  /** It has answered a message of this round, whatever it said. */
  onAnswered(round: number): void {
    this.#hasAnswered = true;
    this.#answeredRound = Math.max(this.#answeredRound, round);
  }

  onAccepted(matchIndex: number): void {
    this.#matchIndex = Math.max(this.#matchIndex, matchIndex);
    this.#inFlight = this.#isProbing ? [] : this.#inFlight.filter(({ lastIndex }) => lastIndex > matchIndex);
    this.#nextIndex = this.#isProbing ? this.#matchIndex + 1 : Math.max(this.#nextIndex, this.#matchIndex + 1);
    this.#isProbing = false;
  }

  /** Goes back to where the logs may agree. What was answered before something newer was learnt changes nothing. */
  onRejected(rejected: Rejection, log: RaftLog): void {
    const { prevIndex, hintIndex, hintTerm, isRecovering } = rejected;
    if (isRecovering) this.#matchIndex = Math.min(this.#matchIndex, hintIndex);
    const isStale = this.#isProbing ? prevIndex !== this.#nextIndex - 1 : prevIndex <= this.#matchIndex;
    if (isStale) return;
    const possibleMatch = Math.min(prevIndex - 1, log.lastPossibleMatch(hintIndex, hintTerm));
    this.#nextIndex = Math.max(this.#matchIndex, possibleMatch) + 1;
    this.#isProbing = true;
    this.#inFlight = [];
  }
}
