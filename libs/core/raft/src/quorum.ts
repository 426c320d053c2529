import { isJoint, type Membership } from './membership.ts';

/** What the votes counted so far come to. */
export type ElectionVerdict = 'won' | 'lost' | 'pending';

/** More than half. */
export function quorumOf(voterCount: number): number {
  return Math.floor(voterCount / 2) + 1;
}

/** Whether a quorum is among those: while a change is joint, one of each of the two memberships. Nobody is no quorum. */
export function hasQuorum(membership: Membership, isAmong: (id: number) => boolean): boolean {
  return halvesOf(membership).every((voters) => voters.filter(isAmong).length >= quorumOf(voters.length));
}

/** Decided as soon as the missing votes cannot change it. `votes`: granted or refused, by voter. */
export function electionVerdict(membership: Membership, votes: ReadonlyMap<number, boolean>): ElectionVerdict {
  if (hasQuorum(membership, (id) => votes.get(id) === true)) return 'won';
  return hasQuorum(membership, (id) => votes.get(id) !== false) ? 'pending' : 'lost';
}

/** The greatest index that a quorum has reached. */
export function quorumIndex(membership: Membership, indexOf: (id: number) => number): number {
  return Math.min(...halvesOf(membership).map((voters) => majorityIndex(voters.map(indexOf))));
}

/** The greatest index that more than half have reached; none has reached more than 0 of nobody. */
function majorityIndex(indexes: readonly number[]): number {
  const descending = indexes.toSorted((left, right) => right - left);
  return descending[quorumOf(indexes.length) - 1] ?? 0;
}

function halvesOf(membership: Membership): readonly (readonly number[])[] {
  return isJoint(membership) ? [membership.voters, membership.outgoing] : [membership.voters];
}
