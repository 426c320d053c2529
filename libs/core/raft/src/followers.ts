import { assert, type SizeBytes } from '@varve/base';
import { isMember, isVoter, membersOf } from './membership.ts';
import type { Append, AppendRejected, RaftMessage, SnapshotOffer } from './message.ts';
import { Progress, type InFlightBounds } from './progress.ts';
import { hasQuorum, quorumIndex } from './quorum.ts';
import { sizeBytesOf, type Entry } from './entry.ts';
import type { RaftLog } from './raft-log.ts';
import type { FollowerStatus } from './ready.ts';

/** How a leader speaks. */
export interface FollowerBounds extends InFlightBounds {
  /** Entries of one append; a larger entry goes alone. */
  readonly appendSizeBytesMax: SizeBytes;
}

/** What every message of a leader says. */
export interface LeaderWord {
  readonly from: number;
  readonly term: number;
  readonly commitIndex: number;
  readonly round: number;
}

/**
 * The other members as their leader sees them, for one reign. Who counts is what the newest membership of the log says.
 * Messages are made when they are asked for, so none pile up.
 */
export class Followers {
  readonly #self: number;
  readonly #log: RaftLog;
  readonly #bounds: FollowerBounds;
  readonly #progress = new Map<number, Progress>();

  constructor(self: number, log: RaftLog, bounds: FollowerBounds) {
    this.#self = self;
    this.#log = log;
    this.#bounds = bounds;
    this.followMembership();
  }

  /** Who came gets the log from now on, who left does not. */
  followMembership(): void {
    const { membership } = this.#log;
    for (const id of this.#progress.keys()) if (!isMember(membership, id)) this.#progress.delete(id);
    for (const id of membersOf(membership)) {
      if (id !== this.#self && !this.#progress.has(id)) this.#progress.set(id, new Progress(this.#log.lastIndex + 1));
    }
  }

  /** The greatest index that is durable on a quorum; the leader's own disk counts while it votes. */
  quorumIndex(): number {
    return quorumIndex(this.#log.membership, (id) => this.#indexOf(id));
  }

  /** The newest round of reads that a quorum has answered; the leader need not ask itself. */
  quorumRound(): number {
    return quorumIndex(this.#log.membership, (id) => (id === this.#self ? Infinity : this.#progress.get(id)!.answeredRound));
  }

  /** Whether a quorum, the leader included, has answered since this was last asked. */
  takeIsQuorumActive(): boolean {
    const active = new Set([this.#self]);
    for (const [id, progress] of this.#progress) if (progress.takeHasAnswered()) active.add(id);
    return hasQuorum(this.#log.membership, (id) => active.has(id));
  }

  /** Whether its log is the leader's, all of it. */
  hasWholeLog(id: number): boolean {
    return this.#progress.get(id)?.matchIndex === this.#log.lastIndex;
  }

  /** Of the voters that have answered lately, the leader aside, the one that would have to catch up least. */
  mostAdvancedVoter(): number | undefined {
    const voters = [...this.#progress].filter(([id, { isActive }]) => isActive && this.#log.membership.voters.includes(id));
    return voters.toSorted(([, left], [, right]) => right.matchIndex - left.matchIndex)[0]?.[0];
  }

  /** Every follower hears from the leader with the next messages. */
  beat(): void {
    for (const progress of this.#progress.values()) progress.isBeatDue = true;
  }

  /** A peer that claims more than there is is not believed, and one that is no member does not count. */
  onAccepted(from: number, { matchIndex, round }: { readonly matchIndex: number; readonly round: number }): void {
    const progress = this.#progress.get(from);
    if (progress === undefined || matchIndex > this.#log.lastIndex) return;
    progress.onAnswered(round);
    progress.onAccepted(matchIndex);
  }

  onRejected(rejected: AppendRejected): void {
    const progress = this.#progress.get(rejected.from);
    progress?.onAnswered(rejected.round);
    progress?.onRejected(rejected, this.#log);
  }

  hasMessages(commitIndex: number): boolean {
    for (const each of this.#progress.values()) if (this.#hasBatch(each) || this.#isToHear(each, commitIndex)) return true;
    return false;
  }

  takeMessages(word: LeaderWord): readonly RaftMessage[] {
    return [...this.#progress].flatMap(([to, progress]) => this.#messagesTo(to, progress, word));
  }

  status(): readonly FollowerStatus[] {
    return [...this.#progress].map(([id, progress]) => ({
      ...{ id, matchIndex: progress.matchIndex, nextIndex: progress.nextIndex, isActive: progress.isActive },
      state: this.#needsSnapshot(progress) ? 'snapshot' : progress.isReplicating ? 'replicating' : 'probing',
      isLearner: !isVoter(this.#log.membership, id),
    }));
  }

  #indexOf(id: number): number {
    if (id === this.#self) return this.#log.durableIndex;
    const progress = this.#progress.get(id);
    assert(progress !== undefined, `the voter ${id} is not followed`);
    return progress.matchIndex;
  }

  #messagesTo(to: number, progress: Progress, word: LeaderWord): readonly RaftMessage[] {
    const messages: RaftMessage[] = [];
    while (this.#hasBatch(progress)) {
      const entries = this.#log.batchAfter(progress.nextIndex - 1, this.#bounds.appendSizeBytesMax);
      messages.push(this.#append(to, progress, word, entries));
      const sizeBytes = entries.reduce((total, entry) => total + sizeBytesOf(entry), 0);
      progress.onSent({ lastIndex: entries.at(-1)!.index, sizeBytes });
    }
    if (messages.length === 0 && this.#isToHear(progress, word.commitIndex)) {
      messages.push(this.#needsSnapshot(progress) ? this.#offer(to, word) : this.#append(to, progress, word, []));
    }
    if (messages.length > 0) progress.onHeard(word.commitIndex);
    return messages;
  }

  #hasBatch(progress: Progress): boolean {
    const hasEntries = progress.nextIndex <= this.#log.lastIndex && !this.#needsSnapshot(progress);
    return hasEntries && progress.hasRoom(this.#bounds);
  }

  /** News of commits are worth a message of their own where the log is known to be the same. */
  #isToHear(progress: Progress, commitIndex: number): boolean {
    return progress.isBeatDue || (progress.isReplicating && progress.sentCommitIndex < commitIndex && !this.#needsSnapshot(progress));
  }

  #needsSnapshot({ nextIndex }: Progress): boolean {
    return nextIndex <= this.#log.compactedIndex;
  }

  #append(to: number, { nextIndex }: Progress, word: LeaderWord, entries: readonly Entry[]): Append {
    const prevIndex = nextIndex - 1;
    return { kind: 'append', to, ...word, prevIndex, prevTerm: this.#log.termAt(prevIndex), entries };
  }

  #offer(to: number, { from, term, round }: LeaderWord): SnapshotOffer {
    const index = this.#log.compactedIndex;
    return { kind: 'snapshotOffer', from, to, term, round, index, indexTerm: this.#log.termAt(index) };
  }
}
