import type { RaftPeer } from '../raft-peer.ts';
import type { RaftSettings } from '../raft-settings.ts';
import { isQuorum } from './quorums.ts';
import type { Fail, RaftCheck } from './raft-check.ts';

/** A leader's time, in its own ticks. */
interface Reign {
  readonly term: number;
  tick: number;
  /** Since when it goes by this membership. */
  membershipTick: number;
  membershipIndex: number;
  /** By follower: when it answered last. */
  readonly answeredTicks: Map<number, number>;
}

/** S13: a leader that has heard of no quorum for an election timeout gives up: it looks once in each, so within two of them. */
export function givesUp(fail: Fail, { electionTickCount }: RaftSettings): RaftCheck {
  const reigns = new Map<number, Reign>();
  const reignOf = (peer: RaftPeer): Reign | undefined => {
    const { role, term, membershipIndex } = peer.raft!;
    if (role !== 'leader') return undefined;
    const known = reigns.get(peer.id);
    if (known?.term === term) return known;
    const reign = { term, tick: 0, membershipTick: 0, membershipIndex, answeredTicks: new Map<number, number>() };
    reigns.set(peer.id, reign);
    return reign;
  };
  return {
    onStart: ({ id }) => void reigns.delete(id),
    onDeliver: (peer, { from, term }) => {
      const reign = reignOf(peer);
      if (reign !== undefined && term === reign.term) reign.answeredTicks.set(from, reign.tick);
    },
    onTick: (peer) => {
      const reign = reignOf(peer);
      if (reign === undefined) return;
      const { membership, membershipIndex } = peer.raft!;
      if (membershipIndex !== reign.membershipIndex) Object.assign(reign, { membershipIndex, membershipTick: reign.tick });
      reign.tick += 1;
      const sinceTick = reign.tick - 2 * electionTickCount - 1;
      if (sinceTick < reign.membershipTick) return;
      const isActive = isQuorum(membership, (id) => id === peer.id || (reign.answeredTicks.get(id) ?? -1) >= sinceTick);
      if (!isActive) fail(peer.id, `leads term ${reign.term}, and no quorum has answered for two election timeouts`);
    },
  };
}
