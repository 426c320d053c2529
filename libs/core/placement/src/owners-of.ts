import type { TimestampNs } from '@varve/base';
import type { Catalog, NodeId, RetentionPolicy, Shard, ShardId, TimeRange } from '@varve/model';
import { overlaps } from '@varve/model';

/** A shard with the window of its group. */
export interface PlacedShard {
  readonly shard: Shard;
  readonly range: TimeRange;
}

/** A shard that is to be read. */
export interface ReadShard extends PlacedShard {
  /** Shards with the same one may hold the same times: their rows are merged. With another one, their times are apart. */
  readonly mergeFromNs: TimestampNs;
}

/** Shards that may hold times of a range, in order of their windows. What a group was cut from may still be in it (C19). */
export function shardsForRange(policy: RetentionPolicy, range: TimeRange): readonly ReadShard[] {
  const found: ReadShard[] = [];
  let mergeFromNs: TimestampNs | undefined;
  let reachNs: TimestampNs | undefined;
  for (const group of policy.shardGroups) {
    const extent = { startNs: group.range.startNs, endNs: group.cutFromNs ?? group.range.endNs };
    if (mergeFromNs === undefined || reachNs === undefined || extent.startNs >= reachNs) mergeFromNs = extent.startNs;
    if (reachNs === undefined || extent.endNs > reachNs) reachNs = extent.endNs;
    if (!overlaps(extent, range)) continue;
    for (const shard of group.shards) found.push({ shard, range: group.range, mergeFromNs });
  }
  return found;
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
