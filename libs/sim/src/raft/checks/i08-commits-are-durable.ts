import { isQuorum } from './quorums.ts';
import type { Fail, RaftCheck } from './raft-check.ts';
import type { RaftGhost } from './raft-ghost.ts';

/**
 * I8: what a leader calls committed is on the disks of a quorum at that moment, after everything that was not synced is
 * gone: of the membership by which it went until then, because with the commit it may have gone on to the next one. A disk that
 * has lost what it had acknowledged has kept its part of the bargain.
 */
export function commitsAreDurable(fail: Fail, ghost: RaftGhost): RaftCheck {
  return {
    onStep: ({ peer, raft, commits, before: { membership } }) => {
      const newest = commits.at(-1);
      if (newest === undefined || raft.role !== 'leader') return;
      const holders = ghost.peers.filter(({ disk }) => disk.isDamaged || disk.holds(newest.index, newest.term)).map(({ id }) => id);
      if (isQuorum(membership, (id) => holders.includes(id) || ghost.gone.has(id))) return;
      fail(peer.id, `calls ${newest.term}:${newest.index} committed, on the disks of ${holders.join() || 'nobody'} of ${membership.voters.join()}`);
    },
  };
}
