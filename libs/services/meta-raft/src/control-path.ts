import { DbError, type DurationMs } from '@varve/base';
import { pause, request, serve } from '@varve/kit';
import type { Bus, Clock, Log, Subscription } from '@varve/ports';
import { isMember, isVoter, type MembershipOutcome, type MembershipTarget, type Raft } from '@varve/raft';
import type { Subjects } from '@varve/wire';

/** What an operator can want that only the leader can do. */
export type ControlAction = 'join' | 'remove' | 'transfer';

export interface ControlParts {
  readonly raft: Raft;
  readonly subjects: Subjects;
  /** There is something new to do. */
  readonly onChanged: () => void;
}

export interface ControlPorts {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
}

/** A newcomer copies the whole log, or a snapshot. Asked again, it goes on where it was. */
const ACTION_TIMEOUT_MS: DurationMs = 60_000;
/** The leader has given up long before, and goes on. */
const TRANSFER_TIMEOUT_MS: DurationMs = 5_000;
const LOOK_EVERY_MS: DurationMs = 20;
/** A newcomer votes once it is this close behind: what is missing then takes one message. */
const CAUGHT_UP_ENTRY_COUNT = 100;

/** Grows, shrinks and hands over the group, one step after the other, at the leader (M16). Other nodes pass it on. */
export class ControlPath {
  readonly #ports: ControlPorts;
  readonly #parts: ControlParts;

  constructor(ports: ControlPorts, parts: ControlParts) {
    this.#ports = ports;
    this.#parts = parts;
  }

  serve(): Subscription {
    const { bus, log } = this.#ports;
    const at = { subject: this.#parts.subjects.metaControl(this.#parts.raft.id), askedKind: 'metaControl', answerKind: 'metaControlled' } as const;
    return serve({ bus, log }, at, async ({ header: { action, peer } }) => ({ header: { peer: await this.#perform(actionOf(action), peer) } }));
  }

  /** @returns the peer that it came to: who leads, after a transfer @throws DbError META_NOT_LEADER, META_UNAVAILABLE, META_CONTROL */
  async act(action: ControlAction, peer: number): Promise<number> {
    const { raft, subjects } = this.#parts;
    if (raft.role === 'leader') return this.#perform(action, peer);
    if (raft.leaderId === 0) throw new DbError('META_UNAVAILABLE', 'the meta group has no leader that this node knows of; retry');
    const to = { subject: subjects.metaControl(raft.leaderId), timeoutMs: ACTION_TIMEOUT_MS, answerKind: 'metaControlled' } as const;
    const { header } = await request(this.#ports.bus, to, { kind: 'metaControl', header: { action, peer } });
    return header.peer;
  }

  async #perform(action: ControlAction, peer: number): Promise<number> {
    this.#ports.log.info('An operator changes the meta group', { action, peer });
    if (action === 'join') await this.#join(peer);
    else if (action === 'remove') await this.#remove(peer);
    else return this.#transfer(peer);
    return peer;
  }

  /** A learner first: it counts for no quorum before it has the log. */
  async #join(peer: number): Promise<void> {
    const { raft } = this.#parts;
    await this.#until(`peer ${peer} has not caught up with the log`, () => {
      const { membership } = raft;
      const { voters, learners } = membership;
      if (this.#isSettled() && voters.includes(peer)) return true;
      if (!isMember(membership, peer)) this.#change({ voters, learners: [...learners, peer] });
      else if (learners.includes(peer) && this.#hasCaughtUp(peer)) this.#change({ voters: [...voters, peer], learners: learners.filter((id) => id !== peer) });
      return false;
    });
  }

  async #remove(peer: number): Promise<void> {
    const { raft } = this.#parts;
    if (raft.hasLeft(peer)) return;
    if (!isMember(raft.membership, peer)) throw new DbError('META_CONTROL', `peer ${peer} is no member of the meta group`);
    await this.#until(`the group without peer ${peer} has not been confirmed`, () => {
      const { membership } = raft;
      const { voters, learners } = membership;
      if (raft.hasLeft(peer)) return true;
      if (isMember(membership, peer) && membership.outgoing.length === 0) {
        const target = { voters: voters.filter((id) => id !== peer), learners: learners.filter((id) => id !== peer) };
        if (isVoter(membership, peer)) this.#checkQuorumIsThere(target.voters);
        this.#change(target);
      }
      return false;
    });
  }

  async #transfer(peer: number): Promise<number> {
    const { raft } = this.#parts;
    const to = peer === 0 ? this.#mostAdvanced() : peer;
    if (raft.followers().some(({ id, isActive }) => id === to && !isActive)) throw new DbError('META_CONTROL', `peer ${to} does not answer`);
    const outcome = raft.transfer(to);
    if (outcome.kind === 'notLeader') throw notLeader();
    if (outcome.kind === 'invalid') throw new DbError('META_CONTROL', outcome.reason);
    this.#parts.onChanged();
    await this.#until(`peer ${to} has not taken over`, () => raft.role !== 'leader' && raft.leaderId !== 0, { mayLose: true, timeoutMs: TRANSFER_TIMEOUT_MS });
    if (raft.leaderId !== to) throw new DbError('META_UNAVAILABLE', `peer ${raft.leaderId} leads the meta group now, not peer ${to}; retry`);
    return to;
  }

  #mostAdvanced(): number {
    const voters = this.#parts.raft.followers().filter(({ isLearner, isActive }) => !isLearner && isActive);
    const first = voters.toSorted((left, right) => right.matchIndex - left.matchIndex)[0];
    if (first === undefined) throw new DbError('META_CONTROL', 'the meta group has no other voter that answers');
    return first.id;
  }

  #hasCaughtUp(peer: number): boolean {
    const { raft } = this.#parts;
    const follower = raft.followers().find(({ id }) => id === peer);
    return follower !== undefined && follower.isActive && follower.matchIndex + CAUGHT_UP_ENTRY_COUNT >= raft.lastIndex;
  }

  /** A membership whose quorum is silent could never be confirmed, and nothing else before it. */
  #checkQuorumIsThere(voters: readonly number[]): void {
    const { raft } = this.#parts;
    const active = new Set([raft.id, ...raft.followers().filter(({ isActive }) => isActive).map(({ id }) => id)]);
    const silent = voters.filter((id) => !active.has(id));
    if (2 * (voters.length - silent.length) <= voters.length && voters.length > 0) {
      throw new DbError('META_CONTROL', `of the voters ${voters.join()} that would be left, ${silent.join()} does not answer: that would be no quorum`);
    }
  }

  #isSettled(): boolean {
    const { raft } = this.#parts;
    return raft.membership.outgoing.length === 0 && raft.membershipIndex <= raft.commitIndex;
  }

  #change(target: MembershipTarget): void {
    const outcome: MembershipOutcome = this.#parts.raft.changeMembership(target);
    if (outcome.kind === 'invalid') throw new DbError('META_CONTROL', outcome.reason);
    if (outcome.kind === 'notLeader' || outcome.kind === 'transferring') throw notLeader();
    if (outcome.kind === 'accepted') this.#parts.onChanged();
  }

  /** Looks again and again. Unless it `mayLose` its leadership by that, a leader that leads no more sends the operator to the next one. */
  async #until(what: string, isDone: () => boolean, { mayLose = false, timeoutMs = ACTION_TIMEOUT_MS } = {}): Promise<void> {
    const { clock } = this.#ports;
    const deadlineMs = clock.monotonicMs() + timeoutMs;
    while (!isDone()) {
      if (!mayLose && this.#parts.raft.role !== 'leader') throw notLeader();
      if (clock.monotonicMs() >= deadlineMs) throw new DbError('META_UNAVAILABLE', `${what} within ${timeoutMs / 1_000} s; ask again`);
      await pause(clock, LOOK_EVERY_MS);
    }
  }
}

function notLeader(): DbError {
  return new DbError('META_NOT_LEADER', 'this meta node leads no more; ask again');
}

function actionOf(text: string): ControlAction {
  if (text === 'join' || text === 'remove' || text === 'transfer') return text;
  throw new DbError('MESSAGE_INVALID', `no operator can "${text}" a peer`);
}
