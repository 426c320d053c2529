import type { Fail, RaftCheck } from './raft-check.ts';
import type { RaftGhost } from './raft-ghost.ts';

/**
 * S19: a peer is told to stand for election at once only when it has everything that its leader has. What it has by now is
 * no less than what it had when its leader heard of it; what the leader has more may have come since, so that only what is
 * committed is compared. A leader that leaves tells whoever has most.
 */
export function transferTarget(fail: Fail, ghost: RaftGhost): RaftCheck {
  return {
    onSend: (peer, message) => {
      if (message.kind !== 'timeoutNow') return;
      const { membership, commitIndex } = peer.raft!;
      const target = ghost.peers.find(({ id }) => id === message.to);
      if (!membership.voters.includes(peer.id) || target === undefined || target.disk.isDamaged) return;
      if (target.disk.lastIndex < commitIndex) fail(peer.id, `hands over to peer ${message.to}, which has ${target.disk.lastIndex} of ${commitIndex} committed`);
    },
  };
}
