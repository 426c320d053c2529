import type { Fail, RaftCheck } from './raft-check.ts';
import type { RaftGhost } from './raft-ghost.ts';

/** I3: nobody has an entry of a term that its leader, while it leads, has not. */
export function leaderHasItsTerm(fail: Fail, ghost: RaftGhost): RaftCheck {
  return {
    onStep: ({ peer, raft, keptThrough, now }) => {
      for (let index = keptThrough + 1; index <= now.lastIndex; index += 1) {
        const term = raft.termAt(index);
        const leader = ghost.leaders.get(term);
        const leading = leader?.peer.run === leader?.run ? leader?.peer.raft : undefined;
        if (leader === undefined && term > 1) fail(peer.id, `has ${term}:${index}, and nobody has led term ${term}`);
        if (leading === undefined || leading.term !== term || leading.role !== 'leader') continue;
        if (leading.lastIndex < index) fail(peer.id, `has ${term}:${index}, its leader ${leading.id} ends at ${leading.lastIndex}`);
      }
    },
  };
}
