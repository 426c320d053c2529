import type { FieldValue } from '@varve/model';
import { bestPoints, type RankedPoint } from './best-points.ts';

/** The n greatest values; of equal ones the earliest. */
export const top = bestPoints({
  argumentTypes: ['float', 'integer'],
  rankings: () => () => descending,
  compareAtOneTime: compareRanks,
});

/** The n least values; of equal ones the earliest. */
export const bottom = bestPoints({
  argumentTypes: ['float', 'integer'],
  rankings: () => () => ascending,
  compareAtOneTime: compareRanks,
});

function ascending(value: FieldValue): number | bigint {
  return value as number | bigint;
}

function descending(value: FieldValue): number | bigint {
  return -(value as number | bigint);
}

function compareRanks(left: RankedPoint, right: RankedPoint): number {
  if (left.rank === right.rank) return 0;
  return left.rank < right.rank ? -1 : 1;
}
