import type { Fail, RaftCheck } from './raft-check.ts';
import type { RaftGhost } from './raft-ghost.ts';

/** I7: what was committed in a term is in the log of every leader of a later one: both when it is elected, and when it was before. */
export function leaderCompleteness(fail: Fail, ghost: RaftGhost): RaftCheck {
  return {
    onStep: ({ peer, raft, commits, isElected }) => {
      if (isElected) {
        const index = ghost.committedBefore(raft.term);
        const isThere = index <= raft.compactedIndex || (index <= raft.lastIndex && raft.termAt(index) === ghost.committed[index]?.term);
        if (!isThere) fail(peer.id, `leads term ${raft.term} without the committed ${ghost.committed[index]?.term}:${index}`);
      }
      const newest = commits.findLast(({ known }) => known === undefined);
      if (newest === undefined) return;
      for (const [term, { peer: leader, firstIndex, prevTerm }] of ghost.leaders) {
        if (term <= raft.term || ghost.isInLogOf(firstIndex - 1, prevTerm, newest)) continue;
        fail(peer.id, `commits ${newest.term}:${newest.index}, which peer ${leader.id} has led the later term ${term} without`);
      }
    },
  };
}
