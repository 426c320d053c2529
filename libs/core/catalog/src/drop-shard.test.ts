import type { CatalogCommand, ShardGroup } from '@varve/model';
import { expect, test } from 'vitest';
import { AppliedLog, groups } from './testing/applied-log.ts';

const WEEK_HOURS = 168n;

/** Two groups of the database `a`, over so many data nodes with one copy: as many shards each. */
function withGroups(nodeCount: number): AppliedLog {
  const on = new AppliedLog();
  on.run({ kind: 'reportFeatureLevel', member: 'meta/1', level: 2 });
  for (let node = 1; node <= nodeCount; node += 1) on.run({ kind: 'joinNode', role: 'data', name: `n${node}`, featureLevel: 2 });
  on.run({ kind: 'raiseFeatureLevel', level: 2 });
  on.run({ kind: 'createDatabase', name: 'a' });
  on.run(groups(0n, WEEK_HOURS));
  return on;
}

const drop = (shard: number): CatalogCommand => ({ kind: 'dropShard', shard });
const shardIds = ({ shards }: ShardGroup): number[] => shards.map(({ id }) => id);

test('C35: the only shard of a group goes with the group, and a later write makes a new one', () => {
  const on = withGroups(1);
  const [first, second] = on.policy().shardGroups;
  expect(on.say(drop(first!.shards[0]!.id))).toBe('ok');
  expect(on.policy().shardGroups).toEqual([second]);
  on.run(groups(0n));
  const [made] = on.policy().shardGroups;
  expect(made!.range).toEqual(first!.range);
  expect(shardIds(made!)[0]).toBeGreaterThan(second!.shards[0]!.id);
});

test('C35, C18: one of several is replaced in its place by an empty one with its owners', () => {
  const on = withGroups(3);
  const [first, second] = on.policy().shardGroups;
  const [a, b, c] = first!.shards;
  on.run({ kind: 'setShardOwners', database: 'a', retentionPolicy: 'autogen', shard: b!.id, epoch: 1, owners: [...a!.owners, ...c!.owners] });
  const { nextId } = on.catalog;
  expect(on.say(drop(b!.id))).toBe('ok');
  const empty = { id: nextId, owners: [...a!.owners, ...c!.owners], epoch: 1 };
  expect(on.policy().shardGroups).toEqual([{ ...first!, shards: [a, empty, c] }, second]);
  expect(on.catalog.nextId).toBe(nextId + 1);
});

test('C35: a shard that is not there is dropped already, and nothing changes', () => {
  const on = withGroups(3);
  const [{ shards: [shard] }, second] = on.policy().shardGroups as [ShardGroup, ShardGroup];
  on.run(drop(shard!.id));
  const before = on.catalog;
  for (const none of [shard!.id, second.id, 0, 999, Number.MAX_SAFE_INTEGER]) expect(on.say(drop(none))).toBe('ok');
  expect(on.catalog.databases).toBe(before.databases);
  expect(on.catalog.version).toBe(before.version);
});

test('C35, C16: a leaving node is gone with the last shard that it owns', () => {
  const on = withGroups(1);
  on.run({ kind: 'joinNode', role: 'data', name: 'n2', featureLevel: 2 });
  on.run({ kind: 'leaveNode', node: on.policy().shardGroups[0]!.shards[0]!.owners[0]! });
  for (const { shards } of on.policy().shardGroups) on.run(drop(shards[0]!.id));
  expect([...on.catalog.nodes.values()].map(({ name }) => name)).toEqual(['n2']);
});

test('C32: a cluster with members that know no DROP SHARD refuses it', () => {
  const on = new AppliedLog();
  expect(on.why(drop(1))).toBe('featureNotRaised');
});
