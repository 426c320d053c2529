import type { MutationVector, NodeId } from '@varve/model';
import { missingFrom, mutationCount } from './vectors.ts';

/** An owner that lacks frames of a shard, and one that has most of them. */
export interface PlannedPull {
  readonly owner: NodeId;
  readonly source: NodeId;
}

/**
 * Who should take frames from whom, for the owners of one shard that have said what they have: one source for each owner that
 * lacks something; what that one lacks too comes with a later round. Sources take turns, because a damaged journal row keeps its
 * owner from handing out a frame that it has: in even turns those that have most, in odd ones all that have something.
 * @param turn any whole number, another one in each round
 */
export function planPulls(vectors: ReadonlyMap<NodeId, MutationVector>, turn: number): readonly PlannedPull[] {
  return [...vectors].flatMap(([owner, have]) => {
    const counts = Array.from(vectors, ([source, vector]) => ({ source, count: source === owner ? 0 : mutationCount(missingFrom(have, vector)) }));
    const most = Math.max(...counts.map(({ count }) => count));
    const sources = counts.filter(({ count }) => (turn % 2 === 0 ? count === most : count > 0));
    return most === 0 ? [] : [{ owner, source: sources[Math.floor(turn / 2) % sources.length]!.source }];
  });
}
