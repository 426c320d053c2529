import type { DbError } from '@varve/base';
import type { LivenessView } from '@varve/kit';
import type { NodeId, ShardId } from '@varve/model';

/** One attempt to have a shard executed. */
export interface Attempt {
  readonly owner: NodeId;
  /** Nobody else could: a replica that is catching up will do. */
  readonly mayJoin: boolean;
}

/**
 * Whom to ask for a shard, in order (Q4): who serves, beginning at another owner for each shard so that all nodes work; then
 * who lives; then who is silent, for the belief may be wrong. Only after all were asked, those again that are catching up
 * (Q5). A node that was named is asked alone, as it is (Q6).
 */
export function executingOwners(
  { id, owners }: { readonly id: ShardId; readonly owners: readonly NodeId[] },
  liveness: Pick<LivenessView, 'isAlive' | 'isServing'>,
  named: NodeId | undefined,
): readonly Attempt[] {
  if (named !== undefined) return [{ owner: named, mayJoin: true }];
  const [serving, living, silent]: [NodeId[], NodeId[], NodeId[]] = [[], [], []];
  for (let place = 0; place < owners.length; place += 1) {
    const owner = owners[(id + place) % owners.length]!;
    const state = liveness.isServing(owner) ? serving : liveness.isAlive(owner) ? living : silent;
    state.push(owner);
  }
  const attempts: Attempt[] = [];
  for (const state of [serving, living, silent]) for (const owner of state) attempts.push({ owner, mayJoin: false });
  for (const state of [living, serving]) for (const owner of state) attempts.push({ owner, mayJoin: true });
  return attempts;
}

/** Whether another owner may have the answer: of damage on a disk its own copy is free (Y3). */
export function mayAnotherOwner({ traits, code }: DbError): boolean {
  return traits.retryable || code === 'CHUNK_INVALID' || code === 'STORAGE_CORRUPT';
}
