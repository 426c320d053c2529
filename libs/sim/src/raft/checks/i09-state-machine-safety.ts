import type { Fail, RaftCheck } from './raft-check.ts';
import type { RaftGhost } from './raft-ghost.ts';

/** I9: at an index all peers have applied the same entry and come to the same state; none is passed over, none is not committed. */
export function stateMachineSafety(fail: Fail, ghost: RaftGhost): RaftCheck {
  const hashes: number[] = [];
  const applied = new Map<number, number>();
  const compare = (peerId: number, index: number, hash: number): void => {
    applied.set(peerId, index);
    hashes[index] ??= hash;
    if (hashes[index] !== hash) fail(peerId, `the state at ${index} is another one elsewhere`);
  };
  return {
    onStart: (peer) => compare(peer.id, peer.raft!.appliedIndex, peer.machine.hash),
    onInstall: (peer, { index }) => compare(peer.id, index, peer.machine.hash),
    onApply: (peer, { index, term }) => {
      const before = applied.get(peer.id);
      if (index !== before! + 1) fail(peer.id, `applies ${index} after ${before}`);
      if (ghost.committed[index]?.term !== term) fail(peer.id, `applies ${term}:${index}, committed is ${ghost.committed[index]?.term ?? 'nothing'}`);
      if (!peer.disk.holds(index, term)) fail(peer.id, `applies ${term}:${index}, which is not on its disk`);
      compare(peer.id, index, peer.machine.hash);
    },
  };
}
