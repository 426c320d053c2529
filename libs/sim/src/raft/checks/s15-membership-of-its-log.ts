import type { Fail, RaftCheck } from './raft-check.ts';

/** S15: the membership by which a peer goes stands in its log, or in its snapshot; and one (index, term) is one membership. */
export function membershipOfItsLog(fail: Fail): RaftCheck {
  const known = new Map<string, string>();
  return {
    onStep: ({ peer, raft, now }) => {
      const { membership, membershipIndex } = now;
      if (membershipIndex > now.lastIndex) return fail(peer.id, `goes by a membership at ${membershipIndex}, and its log ends at ${now.lastIndex}`);
      if (membershipIndex <= now.compactedIndex) return;
      const place = `${raft.termAt(membershipIndex)}:${membershipIndex}`;
      const members = `${membership.voters.join()} of ${membership.outgoing.join()} with ${membership.learners.join()}`;
      const expected = known.get(place) ?? members;
      known.set(place, expected);
      if (members !== expected) fail(peer.id, `goes by ${members} at ${place}, which is ${expected} elsewhere`);
    },
  };
}
