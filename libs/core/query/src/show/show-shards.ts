import type { Catalog, RetentionPolicy, SeriesBlock, ShardGroup } from '@varve/model';
import { showTable } from './show-block.ts';

const TIMES = ['start_time', 'end_time', 'expiry_time'];
const SHARD_COLUMNS = ['id', 'database', 'retention_policy', 'shard_group', ...TIMES, 'owners'];
const GROUP_COLUMNS = ['id', 'database', 'retention_policy', ...TIMES];

/** A series per database, also where there is no shard. Owners are ids of data nodes, as SHOW SERVERS lists them. */
export function showShards({ databases }: Catalog): readonly SeriesBlock[] {
  return [...databases.values()].map(({ name, retentionPolicies }) => {
    const placed = [...retentionPolicies.values()].flatMap((policy) => policy.shardGroups.flatMap((group) => group.shards.map((shard) => ({ policy, group, shard }))));
    return showTable(name, SHARD_COLUMNS, placed.map(({ policy, group, shard: { id, owners } }) => [id, name, policy.name, group.id, ...timesOf(policy, group), owners.join(',')]));
  });
}

export function showShardGroups({ databases }: Catalog): readonly SeriesBlock[] {
  const rows = [...databases.values()].flatMap(({ name, retentionPolicies }) =>
    [...retentionPolicies.values()].flatMap((policy) => policy.shardGroups.map((group) => [group.id, name, policy.name, ...timesOf(policy, group)])));
  return [showTable('shard groups', GROUP_COLUMNS, rows)];
}

/** A group expires when all in it is older than the policy keeps; without an end of that InfluxDB shows the group's own. */
function timesOf({ durationNs }: RetentionPolicy, { range: { startNs, endNs }, cutFromNs }: ShardGroup): readonly string[] {
  return [startNs, endNs, (cutFromNs ?? endNs) + durationNs].map(secondsText);
}

/** RFC 3339 in UTC; what is below a second is left out, as InfluxDB does. */
function secondsText(ns: bigint): string {
  const seconds = ns / 1_000_000_000n - (ns % 1_000_000_000n < 0n ? 1n : 0n);
  return new Date(Number(seconds) * 1_000).toISOString().replace('.000Z', 'Z');
}
