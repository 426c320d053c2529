import type { Catalog, ShardGroup } from '@varve/model';
import { applied, everyPolicy, withDatabase, withPolicy, type Command, type FoundPolicy, type Outcome } from './outcome.ts';

/**
 * A shard and all that is in it are gone; its id names nothing any more (C35). The only shard of a group goes with its group, as
 * in InfluxDB: a later write makes a new one. Of several, an empty one with a new id takes its place among the others, so that every
 * series stays in its shard (C18): the others keep what they have, and what would have gone to the dropped one goes to the
 * empty one. What is not there is dropped already.
 */
export function dropShard(catalog: Catalog, { shard }: Command<'dropShard'>): Outcome {
  for (const found of everyPolicy(catalog)) {
    const group = found.policy.shardGroups.find(({ shards }) => shards.some(({ id }) => id === shard));
    if (group !== undefined) return applied(group.shards.length === 1 ? withoutGroup(catalog, found, group) : withEmptyShard(catalog, found, { group, shard }));
  }
  return applied(catalog);
}

function withoutGroup(catalog: Catalog, { database, policy }: FoundPolicy, group: ShardGroup): Catalog {
  const shardGroups = policy.shardGroups.filter((each) => each !== group);
  return withDatabase(catalog, withPolicy(database, { ...policy, shardGroups }));
}

/** The owners stay: nothing is placed anew, and a node that leaves hands the empty shard on as it would have the full one. */
function withEmptyShard(
  catalog: Catalog,
  { database, policy }: FoundPolicy,
  { group, shard }: { readonly group: ShardGroup; readonly shard: number },
): Catalog {
  const { nextId: id } = catalog;
  const shards = group.shards.map((each) => (each.id === shard ? { ...each, id, epoch: 1 } : each));
  const shardGroups = policy.shardGroups.map((each) => (each === group ? { ...group, shards } : each));
  return { ...withDatabase(catalog, withPolicy(database, { ...policy, shardGroups })), nextId: id + 1 };
}
