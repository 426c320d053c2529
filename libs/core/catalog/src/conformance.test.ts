import { createHash } from 'node:crypto';
import { decodeCatalog, decodeCommand, encodeCatalog, encodeCommand, type CatalogCommand, type CommandResult } from '@varve/model';
import { expect, test } from 'vitest';
import { AppliedLog, groups } from './testing/applied-log.ts';

// The catalog's cases of the list of Raft's known cases (docs/specs/raft-conformance.md), under their names. Those about
// exactly once are in sessions.test.ts.
const HOUR = 3_600_000_000_000n;
const field = (type: 'float' | 'string', name = 'f'): CatalogCommand => ({
  kind: 'registerFields',
  database: 'a',
  retentionPolicy: 'autogen',
  fields: [{ measurement: 'm', field: name, type }],
});

/** Two data nodes and a database `a` with groups of an hour. */
function cluster(): AppliedLog {
  const on = new AppliedLog();
  for (const name of ['n1', 'n2']) on.run({ kind: 'joinNode', role: 'data', name });
  on.run({ kind: 'createDatabase', name: 'a', retentionPolicy: { shardDurationNs: HOUR, replicaCount: 2 } });
  return on;
}

test('K01_create_db_rp_idempotent', () => {
  const on = cluster();
  const policy: CatalogCommand = { kind: 'createRetentionPolicy', database: 'a', options: { name: 'r', durationNs: HOUR, replicaCount: 1 }, isDefault: false };
  const [first, second] = [on.run(policy), on.run(policy)];
  expect(second).toEqual(first);
  const { version, nextId } = on.catalog;
  expect(on.run({ kind: 'createDatabase', name: 'a' })).toEqual({ kind: 'applied', id: on.catalog.databases.get('a')!.id });
  expect(on.catalog).toMatchObject({ version, nextId });
});

test('K02_shard_group_creation_race_two_coordinators', () => {
  const on = cluster();
  const other = on.open();
  on.run(groups(0n, 1n));
  const first = on.policy().shardGroups;
  // The other one decided from the catalog before.
  expect(on.apply(groups(1n, 2n), { session: other, seq: 1, ackedSeq: 0 }).result.kind).toBe('applied');
  expect(on.policy().shardGroups.slice(0, 2)).toEqual(first);
  expect(on.policy().shardGroups).toHaveLength(3);
});

test('K03_field_type_register_race', () => {
  const on = cluster();
  const other = on.open();
  expect(on.run(field('float'))).toMatchObject({ conflictCount: 0 });
  const second = on.apply(field('string'), { session: other, seq: 1, ackedSeq: 0 });
  expect(second.result).toMatchObject({ kind: 'applied', conflictCount: 1 });
  expect(on.policy().measurements.get('m')).toEqual(new Map([['f', 'float']]));
});

test('K04_epoch_monotone', () => {
  const on = cluster();
  on.run({ kind: 'joinNode', role: 'data', name: 'n3' });
  on.run(groups(0n));
  const ids = [...on.catalog.nodes.keys()];
  const shard = on.policy().shardGroups[0]!.shards[0]!;
  const move = (epoch: number, owners: readonly number[]): CommandResult =>
    on.run({ kind: 'setShardOwners', database: 'a', retentionPolicy: 'autogen', shard: shard.id, epoch, owners });
  expect(move(1, [ids[2]!, ids[0]!])).toEqual({ kind: 'applied', epoch: 2 });
  expect(move(1, [ids[1]!])).toMatchObject({ kind: 'rejected', reason: 'epochConflict' });
  expect(move(2, [ids[2]!, ids[0]!])).toEqual({ kind: 'applied', epoch: 2 });
  expect(move(2, [ids[1]!, ids[0]!])).toEqual({ kind: 'applied', epoch: 3 });
  on.run({ kind: 'removeNode', node: ids[1]! });
  expect(on.policy().shardGroups[0]!.shards[0]).toMatchObject({ owners: [ids[0]], epoch: 4 });
  on.run({ kind: 'replaceNode', node: ids[0]!, newcomer: ids[2]! });
  expect(on.policy().shardGroups[0]!.shards[0]).toMatchObject({ owners: [ids[2]], epoch: 5 });
});

test('K05_drop_then_recreate_new_incarnation', () => {
  const on = cluster();
  on.run(groups(0n));
  on.run(field('float'));
  on.run({ kind: 'createUser', name: 'u', passwordHash: '#', isAdmin: false });
  on.run({ kind: 'createRole', name: 'r' });
  for (const [grantee, name] of [['user', 'u'], ['role', 'r']] as const) on.run({ kind: 'grantPrivilege', grantee, name, database: 'a', privilege: 'all' });
  const before = on.catalog.databases.get('a')!;
  const policy = on.policy();
  on.run({ kind: 'dropDatabase', name: 'a' });
  on.run({ kind: 'createDatabase', name: 'a' });
  expect(on.catalog.databases.get('a')!.id).toBeGreaterThan(before.id);
  expect(on.policy()).toMatchObject({ shardGroups: [], measurements: new Map() });
  expect(on.policy().id).toBeGreaterThan(policy.shardGroups[0]!.shards[0]!.id);
  expect(on.catalog.users.get('u')!.privileges.size + on.catalog.roles.get('r')!.privileges.size).toBe(0);
  on.run(field('string'));
  expect(on.policy().measurements.get('m')!.get('f')).toBe('string');
});

test('K06_stale_cache_rejected_by_epoch', () => {
  const on = cluster();
  on.run(groups(0n));
  const cached = on.policy().shardGroups[0]!.shards[0]!;
  const to = { kind: 'setShardOwners', database: 'a', retentionPolicy: 'autogen', shard: cached.id, epoch: cached.epoch } as const;
  on.run({ ...to, owners: [cached.owners[0]!] });
  const { catalog } = on;
  expect(on.run({ ...to, owners: [cached.owners[1]!] })).toMatchObject({ kind: 'rejected', reason: 'epochConflict' });
  expect(on.catalog.databases).toBe(catalog.databases);
});

test('K07_apply_hash_equal_across_node_versions', () => {
  // One peer has applied everything; the other reads each command and each catalog back from its bytes, as a peer does that
  // has been restarted or took a snapshot over. A version that applies these commands otherwise gives another hash.
  const commands: readonly CatalogCommand[] = [
    { kind: 'joinNode', role: 'data', name: 'n1', labels: new Map([['zone', 'x']]), featureLevel: 2 },
    { kind: 'joinNode', role: 'data', name: 'n2', labels: new Map([['zone', 'y']]), featureLevel: 2 },
    { kind: 'joinNode', role: 'data', name: 'n3', labels: new Map([['zone', 'y']]), featureLevel: 2 },
    { kind: 'reportFeatureLevel', member: 'meta/1', level: 2 },
    { kind: 'raiseFeatureLevel', level: 2 },
    { kind: 'createDatabase', name: 'a', retentionPolicy: { shardDurationNs: HOUR, replicaCount: 2, durationNs: HOUR, pastLimitNs: 5n } },
    { kind: 'createContinuousQuery', database: 'a', name: 'q', query: 'SELECT' },
    { kind: 'createSubscription', database: 'a', retentionPolicy: 'autogen', name: 's', mode: 'ANY', destinations: ['udp://h:1'] },
    groups(0n, 1n, 5n),
    field('float'),
    { kind: 'truncateShardGroups', atNs: 5n * HOUR + 1n },
    { kind: 'precreateShardGroups', aheadMs: 3_600_000 },
    { kind: 'leaveNode', node: 1 },
    { kind: 'enforceRetention', nowMs: 7_200_000 },
    { kind: 'acquireLease', name: 'l', holder: 'h', durationMs: 10 },
    { kind: 'createUser', name: 'u', passwordHash: '#', isAdmin: false },
    { kind: 'grantPrivilege', grantee: 'user', name: 'u', database: 'a', privilege: 'read' },
    { kind: 'setSetting', key: 'default-replica-count', value: '3' },
    { kind: 'openIncarnation', holder: 'c', nowMs: 5, leaseMs: 7 },
  ];
  const hashOf = ({ catalog }: AppliedLog): string => createHash('sha256').update(encodeCatalog(catalog)).digest('hex');
  const [one, other] = [new AppliedLog(), new AppliedLog()];
  for (const [step, command] of commands.entries()) {
    one.nowMs = other.nowMs = 1_000_000 * step;
    expect(one.run(command).kind, command.kind).toBe('applied');
    other.run(decodeCommand(encodeCommand(command)));
    other.catalog = decodeCatalog(encodeCatalog(other.catalog));
    expect(hashOf(other), command.kind).toBe(hashOf(one));
  }
  // It changed? Peers of the version before this one would come to another catalog from the same log.
  expect(hashOf(one).slice(0, 16)).toBe('9524b48a80d387aa');
});
