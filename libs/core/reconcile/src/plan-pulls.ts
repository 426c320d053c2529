import type { MutationVector, NodeId } from '@varve/model';
import { missingFrom, mutationCount } from './vectors.ts';

/** An owner that lacks frames of a shard, and one that has most of them. */
export interface PlannedPull {
  readonly owner: NodeId;
  readonly source: NodeId;
}

/**
 * Who should take frames from whom, for the owners of one shard that have said what they have: one source for each owner that
 * lacks something; what that one lacks too comes with a later round. Equals choose the lower id.
 */
export function planPulls(vectors: ReadonlyMap<NodeId, MutationVector>): readonly PlannedPull[] {
  return [...vectors].flatMap(([owner, have]) => {
    let best: { readonly source: NodeId; readonly count: number } | undefined;
    for (const [source, vector] of vectors) {
      const count = source === owner ? 0 : mutationCount(missingFrom(have, vector));
      if (count > (best?.count ?? 0)) best = { source, count };
    }
    return best === undefined ? [] : [{ owner, source: best.source }];
  });
}
