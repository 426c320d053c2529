import { doQuorumsIntersect } from './quorums.ts';
import type { Fail, RaftCheck } from './raft-check.ts';
import type { RaftGhost } from './raft-ghost.ts';

/**
 * I13: a leader begins a change of the membership only when the one before is committed, and an entry of its own term as
 * well; and the quorums of one configuration have a voter in each quorum of the next.
 */
export function oneChange(fail: Fail, ghost: RaftGhost): RaftCheck {
  return {
    onStep: ({ peer, raft, before, now, isElected }) => {
      const { membership, membershipIndex } = now;
      const isBegun = now.role === 'leader' && membershipIndex > before.membershipIndex && raft.termAt(membershipIndex) === now.term;
      if (!isBegun) return;
      if (isElected) return fail(peer.id, `changes the membership with its first entry, ${now.term}:${membershipIndex}`);
      if (before.membershipIndex > now.commitIndex) fail(peer.id, `changes the membership at ${membershipIndex}, and the change at ${before.membershipIndex} is not committed`);
      if (ghost.committed[now.commitIndex]?.term !== now.term) fail(peer.id, `changes the membership at ${membershipIndex} before an entry of term ${now.term} is committed`);
      if (!doQuorumsIntersect(before.membership, membership)) {
        fail(peer.id, `goes from ${before.membership.voters.join()} to ${membership.voters.join()}, which may decide apart`);
      }
    },
  };
}
