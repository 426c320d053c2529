import type { SizeBytes } from '@varve/base';
import type { Append, AppendRejected, RaftMessage, SnapshotOffer } from './message.ts';
import { Progress } from './progress.ts';
import { quorumIndex, quorumOf } from './quorum.ts';
import type { Entry, RaftLog } from './raft-log.ts';

/** How a leader speaks. */
export interface FollowerBounds {
  /** Entries of one append; a larger entry goes alone. */
  readonly appendSizeBytesMax: SizeBytes;
  /** Appends with entries under way to one follower. */
  readonly inFlightCountMax: number;
}

/** What every message of a leader says. */
export interface Reign {
  readonly from: number;
  readonly term: number;
  readonly commitIndex: number;
}

/** The other voters as their leader sees them, for one reign. Messages are made when they are asked for, so none pile up. */
export class Followers {
  readonly #log: RaftLog;
  readonly #bounds: FollowerBounds;
  readonly #progress: ReadonlyMap<number, Progress>;

  constructor(peers: readonly number[], log: RaftLog, bounds: FollowerBounds) {
    this.#log = log;
    this.#bounds = bounds;
    this.#progress = new Map(peers.map((peer) => [peer, new Progress(log.lastIndex + 1)]));
  }

  /** The greatest index that is durable on a quorum, the leader's own disk being one of them. */
  quorumIndex(ownDurableIndex: number): number {
    return quorumIndex([ownDurableIndex, ...[...this.#progress.values()].map(({ matchIndex }) => matchIndex)]);
  }

  /** Whether a quorum, the leader included, has answered since this was last asked. */
  takeIsQuorumActive(): boolean {
    const all = [...this.#progress.values()];
    const activeCount = 1 + all.filter(({ isActive }) => isActive).length;
    for (const progress of all) progress.isActive = false;
    return activeCount >= quorumOf(all.length + 1);
  }

  /** Every follower hears from the leader with the next messages. */
  beat(): void {
    for (const progress of this.#progress.values()) progress.isBeatDue = true;
  }

  /** A peer that claims more than there is is not believed. */
  onAccepted(from: number, matchIndex: number): void {
    if (matchIndex <= this.#log.lastIndex) this.#progress.get(from)!.onAccepted(matchIndex);
  }

  onRejected(rejected: AppendRejected): void {
    this.#progress.get(rejected.from)!.onRejected(rejected, this.#log);
  }

  hasMessages(commitIndex: number): boolean {
    return [...this.#progress.values()].some((each) => this.#hasBatch(each) || this.#isToHear(each, commitIndex));
  }

  takeMessages(reign: Reign): readonly RaftMessage[] {
    return [...this.#progress].flatMap(([to, progress]) => this.#messagesTo(to, progress, reign));
  }

  #messagesTo(to: number, progress: Progress, reign: Reign): readonly RaftMessage[] {
    const messages: RaftMessage[] = [];
    while (this.#hasBatch(progress)) {
      const entries = this.#log.batchAfter(progress.nextIndex - 1, this.#bounds.appendSizeBytesMax);
      messages.push(this.#append(to, progress, reign, entries));
      progress.onSent(entries.at(-1)!.index);
    }
    if (messages.length === 0 && this.#isToHear(progress, reign.commitIndex)) {
      messages.push(this.#needsSnapshot(progress) ? this.#offer(to, reign) : this.#append(to, progress, reign, []));
    }
    if (messages.length > 0) progress.onHeard(reign.commitIndex);
    return messages;
  }

  #hasBatch(progress: Progress): boolean {
    const hasEntries = progress.nextIndex <= this.#log.lastIndex && !this.#needsSnapshot(progress);
    return hasEntries && progress.hasRoom(this.#bounds.inFlightCountMax);
  }

  /** News of commits are worth a message of their own where the log is known to be the same. */
  #isToHear(progress: Progress, commitIndex: number): boolean {
    return progress.isBeatDue || (progress.isReplicating && progress.sentCommitIndex < commitIndex && !this.#needsSnapshot(progress));
  }

  #needsSnapshot({ nextIndex }: Progress): boolean {
    return nextIndex <= this.#log.compactedIndex;
  }

  #append(to: number, { nextIndex }: Progress, reign: Reign, entries: readonly Entry[]): Append {
    const prevIndex = nextIndex - 1;
    return { kind: 'append', to, ...reign, prevIndex, prevTerm: this.#log.termAt(prevIndex), entries };
  }

  #offer(to: number, { from, term }: Reign): SnapshotOffer {
    const index = this.#log.compactedIndex;
    return { kind: 'snapshotOffer', from, to, term, index, indexTerm: this.#log.termAt(index) };
  }
}
