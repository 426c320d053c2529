import type { Catalog, NodeId, RetentionPolicy, Shard, ShardId, TimeRange } from '@varve/model';
import { overlaps } from '@varve/model';

/** A shard with the window of its group. */
export interface PlacedShard {
  readonly shard: Shard;
  readonly range: TimeRange;
}

/** Shards that may hold times of a range, in order of their windows. */
export function shardsForRange(policy: RetentionPolicy, range: TimeRange): readonly PlacedShard[] {
  return policy.shardGroups
    .filter((group) => overlaps(group.range, range))
    .flatMap((group) => group.shards.map((shard) => ({ shard, range: group.range })));
}

/** Every shard there is. */
export function allShards({ databases }: Catalog): readonly PlacedShard[] {
  return [...databases.values()]
    .flatMap(({ retentionPolicies }) => [...retentionPolicies.values()])
    .flatMap(({ shardGroups }) => shardGroups)
    .flatMap(({ shards, range }) => shards.map((shard) => ({ shard, range })));
}

/** Data nodes that hold a shard of this policy; none when it has no such shard. */
export function ownersOf(policy: RetentionPolicy, shardId: ShardId): readonly NodeId[] {
  for (const group of policy.shardGroups) {
    const shard = group.shards.find(({ id }) => id === shardId);
    if (shard !== undefined) return shard.owners;
  }
  return [];
}
