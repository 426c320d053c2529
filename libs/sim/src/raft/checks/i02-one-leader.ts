import type { Fail, RaftCheck } from './raft-check.ts';
import type { RaftGhost } from './raft-ghost.ts';

/** I2: a term has at most one leader, ever. One that has crashed does not lead its term again. */
export function oneLeader(fail: Fail, ghost: RaftGhost): RaftCheck {
  return {
    onStep: ({ peer, raft, isElected }) => {
      if (!isElected) return;
      const known = ghost.leaders.get(raft.term);
      if (known !== undefined) return fail(peer.id, `leads term ${raft.term}, and so did peer ${known.peer.id} in its run ${known.run}`);
      const { keptThrough } = firstOfTerm(raft);
      ghost.leaders.set(raft.term, { peer, run: peer.run, firstIndex: keptThrough + 1, prevTerm: raft.termAt(keptThrough) });
    },
  };
}

/** Where its log ended before it began to append in its term. */
function firstOfTerm(raft: { readonly lastIndex: number; readonly compactedIndex: number; readonly term: number; termAt(index: number): number }): { readonly keptThrough: number } {
  let keptThrough = raft.lastIndex;
  while (keptThrough > raft.compactedIndex && raft.termAt(keptThrough) === raft.term) keptThrough -= 1;
  return { keptThrough };
}
