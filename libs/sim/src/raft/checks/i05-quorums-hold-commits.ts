import type { RaftPeer } from '../raft-peer.ts';
import { isQuorum } from './quorums.ts';
import type { Fail, RaftCheck } from './raft-check.ts';
import type { RaftGhost } from './raft-ghost.ts';

/**
 * I5: in every quorum of a peer's configuration somebody has, on its disk, everything that the peer calls committed.
 * A disk that has lost something promises nothing and votes for nobody, so it is in no quorum.
 * The first entry is the founder's alone until another follows it.
 */
export function quorumsHoldCommits(fail: Fail, ghost: RaftGhost): RaftCheck {
  const lacks = (id: number, index: number, term: number): boolean => {
    const disk = ghost.peers.find((each) => each.id === id)?.disk;
    return !ghost.gone.has(id) && (disk === undefined || (!disk.isDamaged && !disk.holds(index, term)));
  };
  const check = (peer: RaftPeer): void => {
    const seen = ghost.seenOf(peer);
    if (peer.raft === undefined || seen === undefined || seen.commitIndex <= FOUNDED_INDEX) return;
    const term = ghost.committed[seen.commitIndex]?.term;
    if (term === undefined || !isQuorum(seen.membership, (id) => lacks(id, seen.commitIndex, term))) return;
    fail(peer.id, `a quorum of ${seen.membership.voters.join()} lacks the committed ${term}:${seen.commitIndex}`);
  };
  const checkAll = (): void => ghost.peers.forEach(check);
  const ends = new Map<number, number>();
  return {
    onStart: checkAll,
    onDiskLoss: checkAll,
    onStep: ({ peer, commits, before, now }) => {
      if (commits.length > 0 || before.membershipIndex !== now.membershipIndex) check(peer);
    },
    onDurable: (peer, records) => {
      const first = records.find((record) => record.kind === 'entry' || record.kind === 'compact');
      const end = ends.get(peer.id) ?? 0;
      ends.set(peer.id, peer.disk.lastIndex);
      const hasCut = first?.kind === 'entry' ? first.entry.index <= end : peer.disk.lastIndex < end;
      if (hasCut) checkAll();
    },
  };
}

const FOUNDED_INDEX = 1;
