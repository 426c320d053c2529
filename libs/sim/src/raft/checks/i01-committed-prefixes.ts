import type { Fail, RaftCheck } from './raft-check.ts';

/** I1: what two peers call committed is the same as far as both reach. Each is compared with what anybody has committed before. */
export function committedPrefixes(fail: Fail): RaftCheck {
  return {
    onStep: ({ peer, commits }) => {
      for (const { index, term, known } of commits) {
        if (known !== undefined && known !== term) fail(peer.id, `${term}:${index} is committed, and so was ${known}:${index}`);
      }
    },
  };
}
