import type { Prng } from '@varve/base';
import type { Membership } from '@varve/raft';
import type { RaftGroup } from './raft-group.ts';
import type { RaftPeer } from './raft-peer.ts';
import type { RaftEvent } from './raft-tally.ts';
import type { RaftTroubles } from './raft-troubles.ts';

/** A change of who is a member, and what it is called. */
interface Change {
  readonly kind: RaftEvent;
  readonly voters: readonly number[];
  readonly learners: readonly number[];
}

/** Grows, shrinks and repairs the group, hands leadership over, and does not wait for a quiet moment. */
export class RaftOperator {
  readonly #group: RaftGroup;
  readonly #troubles: RaftTroubles;
  readonly #prng: Prng;

  constructor(group: RaftGroup, troubles: RaftTroubles) {
    this.#group = group;
    this.#troubles = troubles;
    this.#prng = group.time.prng.fork();
  }

  /** Does something where it believes the leader to be: that may be one that has been deposed. */
  operate(): void {
    if (this.#prng.chance(0.2)) this.#retire();
    const leading = this.#group.peers.filter(({ isUp, raft }) => isUp && raft!.role === 'leader');
    if (leading.length === 0) return;
    const leader = this.#prng.pick(leading);
    if (this.#prng.chance(0.3)) this.#transfer(leader);
    else this.#change(leader);
  }

  /** Some of those that were removed are switched off; the others may go on, and must not disturb. */
  #retire(): void {
    const { peers, membership } = this.#group;
    const needed = new Set(this.#group.configurations().flatMap(({ voters, outgoing }) => [...voters, ...outgoing]));
    const removed = peers.filter(({ id }) => !needed.has(id) && !membership.learners.includes(id) && id <= membership.greatestId);
    if (removed.length > 0) this.#group.forget(this.#prng.pick(removed));
  }

  #transfer(leader: RaftPeer): void {
    const { tally } = this.#group;
    const target = this.#prng.pick(this.#group.peers);
    this.#group.say(`operator: leadership from ${leader.id} to ${target.id}`);
    if (leader.transfer(target.id).kind !== 'started') return;
    tally.add('transfer');
    this.#group.time.after(200, () => {
      if (target.raft?.role === 'leader') tally.add('transferred');
    });
  }

  #change(leader: RaftPeer): void {
    const { membership } = leader.raft!;
    const gone = membership.voters.filter((id) => this.#group.peers.every((each) => each.id !== id));
    const change = gone.length > 0 ? this.#replaced(membership, this.#prng.pick(gone), 'replaceWiped') : this.#draw(membership);
    if (change === undefined || !this.#isSafe(change)) return;
    this.#group.say(`operator: ${change.kind} at ${leader.id}: voters ${change.voters.join()} learners ${change.learners.join()}`);
    const outcome = leader.changeMembership(change);
    this.#group.tally.add(outcome.kind === 'accepted' ? change.kind : 'changeRefused');
    if (outcome.kind !== 'accepted') return;
    for (const id of [...change.voters, ...change.learners]) this.#ensurePeer(id);
    if (!this.#prng.chance(0.5)) return;
    this.#group.tally.add('changeWithFault');
    this.#troubles.disturbOne(this.#prng.chance(0.5) ? leader : this.#prng.pick(this.#group.peers));
  }

  #draw(membership: Membership): Change | undefined {
    const { voters, learners } = membership;
    const kind = this.#prng.pick(['addLearner', 'addLearner', 'promote', 'promote', 'promote', 'demote', 'addVoter', 'removeVoter', 'removeLearner', 'replaceVoter'] as const);
    const voter = this.#prng.pick(voters);
    const learner = learners.length === 0 ? undefined : this.#prng.pick(learners);
    const without = (ids: readonly number[], id: number | undefined): readonly number[] => ids.filter((each) => each !== id);
    const isRoomy = voters.length < VOTER_COUNT_MAX;
    if (kind === 'addLearner') return learners.length < this.#group.settings.learnerCountMax ? { kind, voters, learners: [...learners, this.#nextId()] } : undefined;
    if (kind === 'addVoter') return isRoomy ? { kind, voters: [...voters, this.#nextId()], learners } : undefined;
    if (kind === 'replaceVoter') return this.#replaced(membership, voter, kind);
    if (kind === 'removeLearner') return learner === undefined ? undefined : { kind, voters, learners: without(learners, learner) };
    if (kind === 'promote') return learner === undefined || !isRoomy ? undefined : { kind, voters: [...voters, learner], learners: without(learners, learner) };
    if (voters.length === 1) return undefined;
    if (kind === 'demote') return { kind, voters: without(voters, voter), learners: [...learners, voter] };
    return { kind, voters: without(voters, voter), learners };
  }

  /** With a learner that has caught up, or with somebody new. */
  #replaced({ voters, learners }: Membership, id: number, kind: RaftEvent): Change {
    const isPromoted = learners.length > 0 && this.#prng.chance(0.5);
    const successor = isPromoted ? learners[0]! : this.#nextId();
    return { kind, voters: [...voters.filter((each) => each !== id), successor], learners: learners.filter((each) => each !== successor) };
  }

  /** Those whose disks are well can decide with it: an operator does not throw away the last good copies. */
  #isSafe({ voters }: Change): boolean {
    const isWell = (id: number): boolean => id > this.#group.greatestId || this.#group.isIntact(id);
    return 2 * voters.filter(isWell).length > voters.length && voters.some((id) => this.#group.isIntact(id));
  }

  #nextId(): number {
    return this.#group.greatestId + 1;
  }

  #ensurePeer(id: number): void {
    if (id > this.#group.greatestId) this.#group.addPeer();
  }
}

const VOTER_COUNT_MAX = 7;
