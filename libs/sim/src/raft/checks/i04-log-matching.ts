import type { Entry } from '@varve/raft';
import type { Fail, RaftCheck } from './raft-check.ts';
import { digestOf, type RaftGhost } from './raft-ghost.ts';

/**
 * I4: two logs that hold the same (index, term) are the same up to there. It is so when the entry is the same and the term
 * before it is, everywhere, in memory, in what is persisted and in what is sent.
 */
export function logMatching(fail: Fail, ghost: RaftGhost): RaftCheck {
  const compare = (peerId: number, index: number, term: number, prevTerm: number): void => {
    const known = ghost.entry(index, term, prevTerm);
    if (known.prevTerm !== prevTerm) fail(peerId, `${term}:${index} follows term ${prevTerm}, elsewhere term ${known.prevTerm}`);
  };
  const compareAll = (peerId: number, entries: readonly Entry[], prevTerm: number): void => {
    entries.forEach((entry, at) => {
      const { index, term } = entry;
      const known = ghost.entry(index, term, entries[at - 1]?.term ?? prevTerm);
      const digest = digestOf(entry);
      known.digest ??= digest;
      compare(peerId, index, term, entries[at - 1]?.term ?? prevTerm);
      if (known.digest !== digest) fail(peerId, `${term}:${index} is another entry elsewhere`);
    });
  };
  return {
    onStep: ({ peer, raft, keptThrough, now }) => {
      for (let index = keptThrough + 1; index <= now.lastIndex; index += 1) {
        compare(peer.id, index, raft.termAt(index), raft.termAt(index - 1));
      }
    },
    onReady: (peer, { entries }) => {
      const first = entries[0];
      if (first !== undefined && first.index > peer.raft!.compactedIndex) compareAll(peer.id, entries, peer.raft!.termAt(first.index - 1));
    },
    onSend: (peer, message) => {
      if (message.kind === 'append') compareAll(peer.id, message.entries, message.prevTerm);
    },
  };
}
