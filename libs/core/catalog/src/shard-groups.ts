import { LIMITS } from '@varve/config';
import {
  MAX_TIME_NS,
  MIN_TIME_NS,
  newShardGroupRange,
  shardGroupIndexAt,
  type Catalog,
  type NodeId,
  type Shard,
  type ShardGroup,
} from '@varve/model';
import {
  applied,
  databaseNotFound,
  rejected,
  retentionPolicyNotFound,
  withDatabase,
  withPolicy,
  type Command,
  type Outcome,
} from './outcome.ts';

/** Makes a group for each time that none covers. A window that would overlap groups of another width is cut to fit. */
export function createShardGroups(catalog: Catalog, command: Command<'createShardGroups'>): Outcome {
  const { timesNs } = command;
  const database = catalog.databases.get(command.database);
  if (database === undefined) return databaseNotFound(catalog, command.database);
  const policy = database.retentionPolicies.get(command.retentionPolicy);
  if (policy === undefined) return retentionPolicyNotFound(catalog, command.retentionPolicy);
  const refusal = timesProblem(catalog, timesNs);
  if (refusal !== undefined) return refusal;

  const shardGroups = [...policy.shardGroups];
  let nextId = catalog.nextId;
  for (const timeNs of timesNs) {
    if (shardGroupIndexAt(shardGroups, timeNs) >= 0) continue;
    const range = newShardGroupRange({ shardGroups, shardDurationNs: policy.shardDurationNs }, timeNs);
    const { replicaCount } = policy;
    const shards = newShards(dataNodesOf(catalog), { firstId: nextId + 1, replicaCount });
    insert(shardGroups, { id: nextId, range, replicaCount, shards });
    nextId += 1 + shards.length;
  }
  if (nextId === catalog.nextId) return applied(catalog);
  return applied({ ...withDatabase(catalog, withPolicy(database, { ...policy, shardGroups })), nextId });
}

/** What is not there is dropped already. */
export function dropShardGroups(catalog: Catalog, command: Command<'dropShardGroups'>): Outcome {
  const database = catalog.databases.get(command.database);
  const policy = database?.retentionPolicies.get(command.retentionPolicy);
  if (database === undefined || policy === undefined) return applied(catalog);
  const dropped = new Set(command.groupIds);
  const shardGroups = policy.shardGroups.filter(({ id }) => !dropped.has(id));
  if (shardGroups.length === policy.shardGroups.length) return applied(catalog);
  return applied(withDatabase(catalog, withPolicy(database, { ...policy, shardGroups })));
}

function timesProblem(catalog: Catalog, timesNs: readonly bigint[]): Outcome | undefined {
  // So many are more likely wrong times than meant ones.
  if (timesNs.length > LIMITS.newShardGroupCountMax) {
    return rejected(
      catalog,
      'tooManyGroups',
      `${timesNs.length} new shard groups in one request, at most ${LIMITS.newShardGroupCountMax} are allowed`,
    );
  }
  const outside = timesNs.find((timeNs) => timeNs < MIN_TIME_NS || timeNs > MAX_TIME_NS);
  if (outside !== undefined)
    return rejected(catalog, 'invalidTime', `time ${outside} is outside of what a point can have`);
  if (dataNodesOf(catalog).length === 0) return rejected(catalog, 'noDataNodes', 'no data node has joined the cluster yet');
  return undefined;
}

function dataNodesOf({ nodes }: Catalog): readonly NodeId[] {
  return [...nodes.values()].filter(({ role }) => role === 'data').map(({ id }) => id);
}

/**
 * The fewest shards with which every data node holds the same number of them, owners laid around the ring of nodes: two
 * copies on three nodes make the shards 12, 31, 23. One node makes one shard; fewer nodes than copies hold one copy each.
 */
function newShards(
  nodes: readonly NodeId[],
  { firstId, replicaCount }: { readonly firstId: number; readonly replicaCount: number },
): readonly Shard[] {
  const ring = nodes.toSorted((left, right) => left - right);
  const ownerCount = Math.min(replicaCount, ring.length);
  const shardCount = ring.length / greatestCommonDivisor(ring.length, ownerCount);
  return Array.from({ length: shardCount }, (_, shardIndex) => ({
    id: firstId + shardIndex,
    owners: Array.from(
      { length: ownerCount },
      (_, copyIndex) => ring[(shardIndex * ownerCount + copyIndex) % ring.length]!,
    ),
    epoch: 1,
  }));
}

function insert(shardGroups: ShardGroup[], group: ShardGroup): void {
  const index = shardGroups.findIndex(({ range }) => range.startNs > group.range.startNs);
  shardGroups.splice(index < 0 ? shardGroups.length : index, 0, group);
}

function greatestCommonDivisor(left: number, right: number): number {
  return right === 0 ? left : greatestCommonDivisor(right, left % right);
}
