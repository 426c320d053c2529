import { applyCatalogCommand } from '@varve/catalog';
import { EMPTY_CATALOG, type Catalog, type CatalogCommand } from '@varve/model';
import { allShards, type PlacedShard } from '@varve/placement';
import { expect, test } from 'vitest';
import { turnOf, unmoved } from './turns.ts';

const shards: readonly PlacedShard[] = Array.from({ length: 11 }, (_, at) => ({
  shard: { id: at + 1, owners: [1, 2], epoch: 1 },
  range: { startNs: BigInt(at), endNs: BigInt(at + 1) },
}));
const idsOf = (round: number, countMax: number): readonly number[] => turnOf(shards, round, countMax).map(({ shard }) => shard.id);

test('all shards fit into a round: the newest come first', () => {
  expect(idsOf(0, 20)).toEqual([11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
});

test('the newest are looked at in every round, and every other one has its turn', () => {
  expect(idsOf(0, 4)).toEqual([11, 10, 9, 8]);
  expect(idsOf(1, 4)).toEqual([11, 10, 7, 6]);
  const seen = new Set([0, 1, 2, 3, 4].flatMap((round) => [...idsOf(round, 4)]));
  expect(seen.size).toBe(11);
  expect(idsOf(5, 4)).toEqual(idsOf(0, 4));
});

test('S11: shards that are gone, or have other owners, in a newer catalog are left out', () => {
  let index = 0;
  const after = (before: Catalog, commands: readonly CatalogCommand[]): Catalog =>
    commands.reduce((catalog, command) => applyCatalogCommand(catalog, command, { index: (index += 1), atMs: 0, origin: { requestId: String(index) } }).catalog, before);
  const policy = { database: 'd', retentionPolicy: 'autogen' };
  const hourNs = 3_600_000_000_000n;
  const older = after(EMPTY_CATALOG, [
    { kind: 'joinNode', role: 'data', name: 'a' },
    { kind: 'joinNode', role: 'data', name: 'b' },
    { kind: 'createDatabase', name: 'd', retentionPolicy: { durationNs: 0n, shardDurationNs: hourNs, replicaCount: 1 } },
    { kind: 'createShardGroups', ...policy, timesNs: [0n, hourNs, 2n * hourNs] },
  ]);
  const [moved, gone, same] = older.databases.get('d')!.retentionPolicies.get('autogen')!.shardGroups;
  const [shard] = moved!.shards;
  const others = [...older.nodes.keys()].filter((node) => !shard!.owners.includes(node));
  const newer = after(older, [
    { kind: 'setShardOwners', ...policy, shard: shard!.id, epoch: shard!.epoch, owners: others },
    { kind: 'dropShardGroups', ...policy, groupIds: [gone!.id] },
  ]);
  const expected = [...moved!.shards.slice(1), ...same!.shards].map(({ id }) => id);
  expect(unmoved(allShards(older), newer).map((placed) => placed.shard.id)).toEqual(expected);
});
