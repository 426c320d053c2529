import type { Fail, RaftCheck } from './raft-check.ts';

/** S4: what a leader comes to call committed ends with an entry of its own term (figure 8). */
export function ownTermCommits(fail: Fail): RaftCheck {
  return {
    onStep: ({ peer, raft, commits, now, before }) => {
      const newest = commits.at(-1);
      const hasLed = now.role === 'leader' && before.role === 'leader' && before.term === now.term;
      if (newest === undefined || !hasLed || newest.term === now.term) return;
      fail(peer.id, `commits ${newest.term}:${newest.index} by itself, in term ${raft.term}`);
    },
  };
}
