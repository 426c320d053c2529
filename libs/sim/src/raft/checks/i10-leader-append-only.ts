import type { Fail, RaftCheck } from './raft-check.ts';

/** I10: a leader takes nothing back of its own log. */
export function leaderAppendOnly(fail: Fail): RaftCheck {
  return {
    onStep: ({ peer, before, now, cutCount }) => {
      const isLeading = before.role === 'leader' && now.role === 'leader' && before.term === now.term;
      if (isLeading && cutCount > 0) fail(peer.id, `cuts ${cutCount} entries while it leads term ${now.term}`);
    },
  };
}
