import { assert } from '@varve/base';

/** What the votes counted so far come to. */
export type ElectionVerdict = 'won' | 'lost' | 'pending';

/** More than half. */
export function quorumOf(voterCount: number): number {
  return Math.floor(voterCount / 2) + 1;
}

/** Decided as soon as the missing votes cannot change it. `votes`: granted or refused, by voter. */
export function electionVerdict(votes: ReadonlyMap<number, boolean>, voterCount: number): ElectionVerdict {
  assert(votes.size <= voterCount, `${votes.size} votes of ${voterCount} voters`);
  const grantedCount = [...votes.values()].filter((isGranted) => isGranted).length;
  if (grantedCount >= quorumOf(voterCount)) return 'won';
  const missingCount = voterCount - votes.size;
  return grantedCount + missingCount < quorumOf(voterCount) ? 'lost' : 'pending';
}

/** The greatest index that a quorum has reached. One index per voter. */
export function quorumIndex(indexes: readonly number[]): number {
  const descending = indexes.toSorted((left, right) => right - left);
  return descending[quorumOf(indexes.length) - 1]!;
}
