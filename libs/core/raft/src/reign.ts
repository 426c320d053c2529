import { Followers } from './followers.ts';
import { encodeMembership, isJoint, isVoter, nextMembership, withoutOutgoing, type MembershipTarget } from './membership.ts';
import type { AppendAccepted, AppendRejected, RaftMessage } from './message.ts';
import type { Outbox } from './outbox.ts';
import { ENTRY_KINDS } from './entry.ts';
import type { RaftLog } from './raft-log.ts';
import { ReadRounds } from './read-rounds.ts';
import type { Accepted, FollowerStatus, MembershipOutcome, ProposalOutcome, RaftConfig, ReadOutcome, TransferOutcome } from './ready.ts';

interface Transfer {
  readonly to: number;
  elapsed: number;
}

/** What a leader shares with the peer that it is. */
interface ReignParts {
  readonly log: RaftLog;
  readonly outbox: Outbox;
  readonly config: RaftConfig;
}

/**
 * A peer that leads, for one term: it takes entries, follows its followers, commits what a quorum has, confirms reads, and
 * hands over. Gone when it leads no more.
 */
export class Reign {
  readonly #term: number;
  readonly #config: RaftConfig;
  readonly #log: RaftLog;
  readonly #outbox: Outbox;
  readonly #followers: Followers;
  readonly #reads: ReadRounds;
  #heartbeatElapsed = 0;
  #transfer: Transfer | undefined;

  /** Entries of earlier terms are committed with the first one of this term, never by themselves (fig. 8). */
  constructor(term: number, { log, outbox, config }: ReignParts) {
    this.#term = term;
    this.#config = config;
    this.#log = log;
    this.#outbox = outbox;
    this.#followers = new Followers(config.id, log, config);
    this.#reads = new ReadRounds(config.pendingReadCountMax);
    this.#append(ENTRY_KINDS.noOp, new Uint8Array(0));
  }

  tick(): void {
    this.#heartbeatElapsed += 1;
    if (this.#heartbeatElapsed >= this.#config.heartbeatTickCount) {
      this.#heartbeatElapsed = 0;
      this.#followers.beat();
    }
    if (this.#transfer !== undefined && (this.#transfer.elapsed += 1) >= this.#config.electionTickCount) this.#transfer = undefined;
  }

  /** Whether a quorum has answered since this was last asked. */
  takeIsQuorumActive(): boolean {
    return this.#followers.takeIsQuorumActive();
  }

  propose(payload: Uint8Array): ProposalOutcome {
    if (this.#transfer !== undefined) return { kind: 'transferring' };
    if (this.#log.sizeBytesAfter(this.#log.commitIndex) > this.#config.uncommittedSizeBytesMax) return { kind: 'full' };
    return this.#append(ENTRY_KINDS.command, payload);
  }

  changeMembership(target: MembershipTarget): MembershipOutcome {
    if (this.#transfer !== undefined) return { kind: 'transferring' };
    if (this.#membershipState !== 'settled') return { kind: 'pending' };
    const next = nextMembership(this.#log.membership, target);
    if (typeof next === 'string') return { kind: 'invalid', reason: next };
    const payload = encodeMembership(next);
    if (payload.join() === encodeMembership(this.#log.membership).join()) return { kind: 'unchanged' };
    return this.#append(ENTRY_KINDS.membership, payload);
  }

  /** The newest wish counts. */
  transfer(to: number): TransferOutcome {
    if (to === this.#config.id) return { kind: 'invalid', reason: `peer ${to} leads already` };
    if (!this.#log.membership.voters.includes(to)) return { kind: 'invalid', reason: `peer ${to} has no vote` };
    if (this.#transfer?.to !== to) this.#transfer = { to, elapsed: 0 };
    this.#maybeHandOver();
    return { kind: 'started' };
  }

  /** A read that this peer, or a follower, has been asked for. */
  read(from: number, read: number): ReadOutcome {
    const hasRoom = this.#reads.maybeAdd({ from, read });
    this.#maybeConfirmReads();
    return hasRoom ? 'taken' : 'full';
  }

  onAccepted(message: AppendAccepted): void {
    this.#followers.onAccepted(message.from, message);
    this.#maybeHandOver();
  }

  onRejected(message: AppendRejected): void {
    this.#followers.onRejected(message);
  }

  /**
   * Something is durable here or at a follower: commits what a quorum has, and goes on with what waited for that. A joint
   * membership that is committed is left.
   * @returns whether its reign is over: a membership without this peer is committed
   */
  pursue(): 'leads' | 'left' {
    this.#log.commitThrough(this.#committable());
    this.#maybeConfirmReads();
    if (this.#membershipState === 'joint') this.#append(ENTRY_KINDS.membership, encodeMembership(withoutOutgoing(this.#log.membership)));
    if (this.#membershipState !== 'settled' || isVoter(this.#log.membership, this.#config.id)) return 'leads';
    const message = this.handOver();
    if (message !== undefined) this.#outbox.send(message);
    return 'left';
  }

  /** Asks the voter that has most to lead at once; nobody when none has answered lately. */
  handOver(): RaftMessage | undefined {
    const to = this.#followers.mostAdvancedVoter();
    return to === undefined ? undefined : this.#timeoutNow(to);
  }

  get hasMessages(): boolean {
    return this.#followers.hasMessages(this.#log.commitIndex);
  }

  takeMessages(): readonly RaftMessage[] {
    const { commitIndex } = this.#log;
    return this.#followers.takeMessages({ from: this.#config.id, term: this.#term, commitIndex, round: this.#reads.newest });
  }

  status(): readonly FollowerStatus[] {
    return this.#followers.status();
  }

  /** Whether an entry of this term is committed: then every commit of earlier terms is known (R5). */
  get #hasCommitted(): boolean {
    return this.#log.termAt(this.#log.commitIndex) === this.#term;
  }

  /** What the newest membership waits for: to be committed, to be left because it is joint, or for nothing. */
  get #membershipState(): 'uncommitted' | 'joint' | 'settled' {
    if (!this.#hasCommitted || this.#log.membershipIndex > this.#log.commitIndex) return 'uncommitted';
    return isJoint(this.#log.membership) ? 'joint' : 'settled';
  }

  /** A quorum has it, and it is of this leader's term (fig. 8); 0: nothing. */
  #committable(): number {
    const index = this.#followers.quorumIndex();
    return index >= this.#log.compactedIndex && this.#log.termAt(index) === this.#term ? index : 0;
  }

  #append(kind: number, payload: Uint8Array): Accepted {
    const entry = { index: this.#log.lastIndex + 1, term: this.#term, kind, payload };
    this.#log.append(entry);
    if (kind === ENTRY_KINDS.membership) this.#onMembership();
    return { kind: 'accepted', index: entry.index, term: entry.term };
  }

  /** Who it leaves out is followed no more, nor takes over. */
  #onMembership(): void {
    this.#followers.followMembership();
    if (this.#transfer !== undefined && !isVoter(this.#log.membership, this.#transfer.to)) this.#transfer = undefined;
  }

  /** Only who has every entry that there is may stand for election now. */
  #maybeHandOver(): void {
    const to = this.#transfer?.to;
    if (to !== undefined && this.#followers.hasWholeLog(to)) this.#outbox.send(this.#timeoutNow(to));
  }

  #timeoutNow(to: number): RaftMessage {
    return { kind: 'timeoutNow', from: this.#config.id, to, term: this.#term };
  }

  #maybeConfirmReads(): void {
    if (this.#reads.hasWaiting && this.#hasCommitted) {
      this.#reads.begin(this.#log.commitIndex);
      this.#followers.beat();
    }
    for (const { from, read, index } of this.#reads.take(this.#followers.quorumRound())) {
      if (from === this.#config.id) this.#outbox.confirm({ read, index });
      else this.#outbox.send({ kind: 'readReply', from: this.#config.id, to: from, term: this.#term, read, index });
    }
  }
}
