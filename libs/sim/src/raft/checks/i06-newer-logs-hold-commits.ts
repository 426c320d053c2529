import type { Raft } from '@varve/raft';
import type { Fail, RaftCheck } from './raft-check.ts';
import type { RaftGhost, Seen } from './raft-ghost.ts';

/**
 * I6: a log that is at least as up to date as another holds everything that the other peer calls committed, if it has an
 * entry of the term in which that was committed, or of a later one. Without the condition it is not so, and nothing is
 * wrong: a peer may know that entry 7, of term 3, is committed, by a leader of term 7 whose own entries it has not got yet;
 * a log that ends in term 5 is the newer one then, and has no chance with the quorum that holds the entries of term 7.
 */
export function newerLogsHoldCommits(fail: Fail, ghost: RaftGhost): RaftCheck {
  const compare = (newer: Seen, raft: Raft, older: Seen): void => {
    const committed = ghost.committed[older.commitIndex];
    if (committed === undefined || newer.lastTerm < committed.underTerm || !isUpToDate(newer, older)) return;
    const isThere = older.commitIndex <= raft.compactedIndex || (older.commitIndex <= raft.lastIndex && raft.termAt(older.commitIndex) === committed.term);
    if (!isThere) fail(raft.id, `has a newer log than another peer, without the ${committed.term}:${older.commitIndex} that is committed there`);
  };
  return {
    onStep: ({ peer, raft, now }) => {
      for (const other of ghost.peers) {
        if (other === peer || other.raft === undefined) continue;
        const seen = ghost.seenOf(other)!;
        compare(now, raft, seen);
        compare(seen, other.raft, now);
      }
    },
  };
}

function isUpToDate(left: Seen, right: Seen): boolean {
  return left.lastTerm > right.lastTerm || (left.lastTerm === right.lastTerm && left.lastIndex >= right.lastIndex);
}
