import type { RaftSettings } from '../raft-settings.ts';
import type { Fail, RaftCheck } from './raft-check.ts';

/**
 * S12: who has heard of the leader of its term within an election timeout grants nobody else a vote, not even the asking for
 * one, unless the leader wants it so.
 */
export function keepsToItsLeader(fail: Fail, { electionTickCount }: RaftSettings): RaftCheck {
  /** By peer: ticks since it heard of a leader. */
  const elapsed = new Map<number, number>();
  /** Questions that were asked of a peer while it heard a leader. */
  const asked = new Set<string>();
  /** And while it did not: the same may come twice, and the answer may wait for the disk. */
  const free = new Set<string>();
  return {
    onStart: (peer) => void elapsed.delete(peer.id),
    onTick: ({ id }) => {
      if (elapsed.has(id)) elapsed.set(id, elapsed.get(id)! + 1);
    },
    onDeliver: (peer, message) => {
      const { role, leaderId, term } = peer.raft!;
      const isOfLeader = message.kind === 'append' || message.kind === 'snapshotOffer';
      if (isOfLeader && message.term >= term) elapsed.set(peer.id, 0);
      if (message.kind !== 'vote' && message.kind !== 'preVote') return;
      const question = `${message.kind} ${peer.id} ${message.from} ${message.term}`;
      const hearsLeader = role === 'follower' && leaderId !== 0 && (elapsed.get(peer.id) ?? Infinity) < electionTickCount;
      const isWanted = message.kind === 'vote' && message.isTransfer;
      if (!hearsLeader || isWanted || message.term <= term) free.add(question);
      else asked.add(question);
    },
    onSend: (peer, message) => {
      if ((message.kind !== 'voteReply' && message.kind !== 'preVoteReply') || !message.isGranted) return;
      const question = `${message.kind === 'voteReply' ? 'vote' : 'preVote'} ${peer.id} ${message.to} ${message.term}`;
      if (asked.has(question) && !free.has(question)) fail(peer.id, `answers ${message.to}, who wants to lead term ${message.term}, while it hears another leader`);
    },
  };
}
