import { assert } from '@varve/base';
import type { WriteLevel } from '@varve/model';

/** How the copies of one frame stand. Owners that did not answer yet are the ones that are left. */
export interface AckTally {
  /** N: owners of the shard. */
  readonly replicaCount: number;
  /** W: what `requiredAcks` asks for. */
  readonly requiredCount: number;
  /** Owners that have it on disk; for level `any` also durable hints, one per owner they stand for. */
  readonly ackCount: number;
  /** Owners that said no, or will not answer any more. */
  readonly failureCount: number;
}

export type Verdict = 'pending' | 'satisfied' | 'unsatisfiable';

/** Acks that a level needs of a shard with `ownerCount` owners. Source: DESIGN §4. */
export function requiredAcks(level: WriteLevel, ownerCount: number): number {
  assert(ownerCount >= 1, `a shard with ${ownerCount} owners`);
  switch (level) {
    case 'any':
    case 'one':
      return 1;
    case 'quorum':
      return Math.floor(ownerCount / 2) + 1;
    case 'all':
      return ownerCount;
  }
}

/** Whether a durable hint stands for an owner's ack at this level (H4). */
export function hintCounts(level: WriteLevel): boolean {
  return level === 'any';
}

/** Pure: depends on the counts only, not on who answered, in what order, or when. */
export function verdictOf(tally: AckTally): Verdict {
  const { replicaCount, requiredCount, ackCount, failureCount } = tally;
  assert(requiredCount >= 1, `${requiredCount} acks required`);
  assert(requiredCount <= replicaCount, `${requiredCount} acks required of ${replicaCount} replicas`);
  assert(ackCount >= 0 && failureCount >= 0, `negative counts: ${ackCount} acks, ${failureCount} failures`);
  assert(
    ackCount + failureCount <= replicaCount,
    `${ackCount} acks and ${failureCount} failures of ${replicaCount} replicas`,
  );

  if (ackCount >= requiredCount) return 'satisfied';
  const reachableCount = replicaCount - failureCount;
  return reachableCount >= requiredCount ? 'pending' : 'unsatisfiable';
}
