import type { CatalogCommand } from '@varve/model';
import { expect, test } from 'vitest';
import { AppliedLog, groups } from './testing/applied-log.ts';

const HOUR = 3_600_000_000_000n;
const own = (shard: number, epoch: number, ...owners: readonly number[]): CatalogCommand => ({
  kind: 'setShardOwners',
  database: 'a',
  retentionPolicy: 'autogen',
  shard,
  epoch,
  owners,
});

/** Data nodes with the ids from 1, and a database `a` of so many copies with groups of an hour. */
function cluster(nodeCount: number, replicaCount: number): AppliedLog {
  const on = new AppliedLog();
  for (let number = 1; number <= nodeCount; number += 1) on.run({ kind: 'joinNode', role: 'data', name: `n${number}` });
  on.run({ kind: 'createDatabase', name: 'a', retentionPolicy: { replicaCount, shardDurationNs: HOUR } });
  return on;
}
const shardsOf = (on: AppliedLog): string[] =>
  on.policy().shardGroups.flatMap(({ shards }) => shards.map(({ owners, epoch }) => `${owners.join('-')}@${epoch}`));

test('labels are set, kept over a restart, taken away, and bounded', () => {
  const on = cluster(1, 1);
  const label = (labels: Record<string, string>): string => on.why({ kind: 'labelNode', node: 1, labels: new Map(Object.entries(labels)) });
  const labels = (): unknown => on.catalog.nodes.get(1)!.labels;
  expect(label({ zone: 'x', rack: '7' })).toBe('ok');
  on.run({ kind: 'joinNode', role: 'data', name: 'n1' });
  expect(labels()).toEqual(new Map([['zone', 'x'], ['rack', '7']]));
  on.run({ kind: 'joinNode', role: 'data', name: 'n1', labels: new Map([['zone', 'y']]) });
  expect(labels()).toEqual(new Map([['zone', 'y'], ['rack', '7']]));
  expect(label({ zone: '', rack: '' })).toBe('ok');
  expect(labels()).toBeUndefined();
  expect(label({ '': 'x' })).toBe('invalidLabel');
  expect(label({ zone: 'x'.repeat(101) })).toBe('invalidLabel');
  expect(label(Object.fromEntries(Array.from({ length: 33 }, (_, index) => [`k${index}`, 'v'])))).toBe('invalidLabel');
  expect(labels()).toBeUndefined();
  expect(on.why({ kind: 'labelNode', node: 9, labels: new Map() })).toBe('nodeNotFound');
  const { version } = on.catalog;
  on.run({ kind: 'joinNode', role: 'data', name: 'n1' });
  expect(on.catalog.version).toBe(version);
});

test('C16: a node that leaves gets nothing new, stays leaving when it starts again, and is gone with its last shard', () => {
  const on = cluster(3, 1);
  on.run(groups(0n));
  expect(shardsOf(on)).toEqual(['1@1', '2@1', '3@1']);
  const [shard] = on.policy().shardGroups[0]!.shards;
  expect(on.why({ kind: 'leaveNode', node: 1 })).toBe('ok');
  on.run({ kind: 'joinNode', role: 'data', name: 'n1' });
  expect(on.catalog.nodes.get(1)!.isLeaving).toBe(true);
  on.run(groups(1n));
  expect(on.owners()).toEqual(['1 2 3', '2 3']);
  expect(on.why(own(on.policy().shardGroups[1]!.shards[0]!.id, 1, 1))).toBe('invalidOwners');
  on.run(own(shard!.id, 1, 2));
  expect([...on.catalog.nodes.keys()]).toEqual([2, 3]);
});

test('C16: leaving can be called off; it also ends with a drop or with retention; who owns nothing is gone at once', () => {
  const on = cluster(3, 1);
  on.run(groups(0n));
  on.run({ kind: 'leaveNode', node: 1 });
  on.run({ kind: 'leaveNode', node: 1, isCancelled: true });
  on.run({ kind: 'leaveNode', node: 1, isCancelled: true });
  on.run(groups(1n));
  expect(on.owners()[1]).toBe('1 2 3');
  on.run({ kind: 'leaveNode', node: 1 });
  on.run({ kind: 'dropDatabase', name: 'a' });
  expect([...on.catalog.nodes.keys()]).toEqual([2, 3]);
  on.run({ kind: 'leaveNode', node: 2 });
  expect([...on.catalog.nodes.keys()]).toEqual([3]);
  expect(on.why({ kind: 'leaveNode', node: 2 })).toBe('nodeNotFound');
  expect(on.why({ kind: 'leaveNode', node: 3 })).toBe('noDataNodes'); // nothing could be written any more
  on.run({ kind: 'joinNode', role: 'repair', name: 'r' });
  const repair = on.catalog.nextId - 1;
  expect(on.why({ kind: 'leaveNode', node: repair })).toBe('ok');
  expect(on.catalog.nodes.has(repair)).toBe(false);
  expect(on.run({ kind: 'joinNode', role: 'data', name: 'n2' })).toMatchObject({ id: repair + 1 });
});

test('C17: a node that is removed leaves every list of owners; the last owner of a shard stays', () => {
  const on = cluster(2, 2);
  on.run(groups(0n));
  const [shard] = on.policy().shardGroups[0]!.shards;
  expect(on.why({ kind: 'removeNode', node: 9 })).toBe('nodeNotFound');
  expect(on.why({ kind: 'removeNode', node: 1 })).toBe('ok');
  expect(shardsOf(on)).toEqual(['2@2']);
  expect(on.say({ kind: 'removeNode', node: 2 })).toBe(`node 2 is the last owner of shard ${shard!.id}`);
  expect(on.why({ kind: 'removeNode', node: 2, isForced: true })).toBe('noDataNodes');
  expect(shardsOf(on)).toEqual(['2@2']);
  expect(on.run({ kind: 'joinNode', role: 'data', name: 'n1' })).not.toMatchObject({ id: 1 });
});

test('C17: forced, its shards begin anew on those who own least', () => {
  const on = cluster(3, 1);
  on.run(groups(0n, 1n, 2n));
  on.run(own(on.policy().shardGroups[0]!.shards[1]!.id, 1, 3)); // node 2 owns less than node 3
  expect(on.why({ kind: 'removeNode', node: 1 })).toBe('lastOwner');
  expect(on.why({ kind: 'removeNode', node: 1, isForced: true })).toBe('ok');
  expect(shardsOf(on)).toEqual(['2@2', '3@2', '3@1', '2@2', '2@1', '3@1', '2@2', '2@1', '3@1']);
  on.run({ kind: 'leaveNode', node: 2 });
  expect(on.why({ kind: 'removeNode', node: 3, isForced: true })).toBe('ok'); // better one that leaves than none
  expect(new Set(on.policy().shardGroups.flatMap(({ shards }) => shards.flatMap(({ owners }) => owners)))).toEqual(new Set([2]));
});

test('C17: the newcomer owns what the old node owned, and each shard once', () => {
  const on = cluster(2, 2);
  on.run(groups(0n, 1n));
  on.run({ kind: 'joinNode', role: 'data', name: 'n3' });
  on.run({ kind: 'joinNode', role: 'repair', name: 'r' });
  const [newcomer, repair] = [on.catalog.nextId - 2, on.catalog.nextId - 1];
  expect(on.why({ kind: 'replaceNode', node: 1, newcomer: repair })).toBe('invalidOwners');
  expect(on.why({ kind: 'replaceNode', node: 1, newcomer: 1 })).toBe('invalidOwners');
  expect(on.why({ kind: 'replaceNode', node: 1, newcomer: 99 })).toBe('nodeNotFound');
  expect(on.why({ kind: 'replaceNode', node: 99, newcomer })).toBe('nodeNotFound');
  expect(on.run({ kind: 'replaceNode', node: 1, newcomer })).toEqual({ kind: 'applied', id: newcomer });
  expect(shardsOf(on)).toEqual([`${newcomer}-2@2`, `${newcomer}-2@2`]);
  on.run({ kind: 'replaceNode', node: 2, newcomer });
  expect(shardsOf(on)).toEqual([`${newcomer}@3`, `${newcomer}@3`]);
  expect([...on.catalog.nodes.keys()]).toEqual([newcomer, repair]);
  on.run({ kind: 'joinNode', role: 'data', name: 'n4' });
  on.run({ kind: 'leaveNode', node: newcomer });
  expect(on.why({ kind: 'replaceNode', node: on.catalog.nextId - 1, newcomer })).toBe('nodeLeaving');
});

test('C15: owners are data nodes, each once, at least one', () => {
  const on = cluster(2, 1);
  on.run({ kind: 'joinNode', role: 'repair', name: 'r' });
  const repair = on.catalog.nextId - 1;
  on.run(groups(0n));
  const [shard] = on.policy().shardGroups[0]!.shards;
  for (const owners of [[], [1, 1], [repair], [99]]) expect(on.why(own(shard!.id, 1, ...owners)), String(owners)).toBe('invalidOwners');
  expect(on.why(own(99, 1, 1))).toBe('shardNotFound');
  expect(on.why({ ...own(shard!.id, 1, 1), database: 'b' } as CatalogCommand)).toBe('databaseNotFound');
  expect(on.why(own(shard!.id, 1, 1, 2))).toBe('ok');
  expect(shardsOf(on)[0]).toBe('1-2@2');
});

test('C31, C32: the level rises when everybody can, and who cannot is told to be newer', () => {
  const on = new AppliedLog();
  const raise = (level: number): string => on.why({ kind: 'raiseFeatureLevel', level });
  const report = (member: string, level: number): string => on.why({ kind: 'reportFeatureLevel', member, level });
  const query: CatalogCommand = { kind: 'createContinuousQuery', database: 'a', name: 'q', query: 'x' };
  on.run({ kind: 'createDatabase', name: 'a' });
  on.run({ kind: 'joinNode', role: 'data', name: 'old' });
  expect(on.say(query)).toMatch(/needs feature level 2, this cluster has level 1/);
  expect(raise(1)).toBe('ok');
  expect(on.say({ kind: 'raiseFeatureLevel', level: 2 })).toMatch(/no meta node has reported/);
  expect(report('meta/1', 2)).toBe('ok');
  expect(report('meta/2', 1)).toBe('ok');
  expect(on.say({ kind: 'raiseFeatureLevel', level: 2 })).toBe('feature level 2 is not supported by meta/2, data/old');
  expect(report('meta/2', 0)).toBe('ok'); // it is gone
  on.run({ kind: 'joinNode', role: 'data', name: 'old', featureLevel: 2 }); // it is not old any more
  expect(raise(3)).toBe('featureLevelUnsupported');
  expect(raise(2)).toBe('ok');
  expect(raise(2)).toBe('ok');
  expect(raise(1)).toBe('ok');
  expect(on.catalog.featureLevel).toBe(2);
  expect(on.why(query)).toBe('ok');
  expect(on.say({ kind: 'joinNode', role: 'data', name: 'older' })).toMatch(/supports feature level 1, this cluster has level 2/);
  expect(report('meta/3', 1)).toBe('featureLevelTooLow');
  expect(report('../x', 2)).toBe('invalidName');
  for (let number = 4; number < 1_003; number += 1) report(`meta/${number}`, 2);
  expect(report('one/more', 2)).toBe('featureLevelUnsupported');
  expect(report('meta/5', 3)).toBe('ok');
});

test('C30: settings are a closed list of checked values, and take effect on what comes after', () => {
  const on = new AppliedLog();
  const set = (key: string, value?: string): string => on.why({ kind: 'setSetting', key, value });
  on.run({ kind: 'createDatabase', name: 'before' });
  expect(on.say({ kind: 'setSetting', key: '__proto__', value: 'x' })).toMatch(/unknown setting "__proto__": there are default-replica-count/);
  for (const value of ['0', '-1', '1.5', '', '2147483648', '12345678901']) expect(set('default-replica-count', value), value).toBe('invalidSetting');
  expect(set('default-write-level', 'most')).toBe('invalidSetting');
  expect(set('zone-label', 'two words')).toBe('invalidSetting');
  expect(set('default-replica-count', '3')).toBe('ok');
  expect(set('default-write-level', 'quorum')).toBe('ok');
  expect(set('default-read-level', 'all')).toBe('ok');
  on.run({ kind: 'createDatabase', name: 'after' });
  expect(on.policy('before')).toMatchObject({ replicaCount: 1, writeLevel: 'one', readLevel: 'one' });
  expect(on.policy('after')).toMatchObject({ replicaCount: 3, writeLevel: 'quorum', readLevel: 'all' });
  expect(on.why({ kind: 'createDatabase', name: 'before', retentionPolicy: { durationNs: 0n } })).toBe('ok');
  expect(set('default-replica-count')).toBe('ok');
  const { version } = on.catalog;
  expect(set('default-replica-count')).toBe('ok');
  expect(on.catalog.version).toBe(version);
});

test('C29: a lease has one holder at a time, by the catalog\'s clock, and each holding another id', () => {
  const on = new AppliedLog();
  const lease = (kind: 'acquireLease' | 'renewLease', holder: string, durationMs = 100) => on.run({ kind, name: 'cq', holder, durationMs });
  expect(lease('acquireLease', 'x')).toEqual({ kind: 'applied', id: 1, untilMs: 1_100 });
  expect(lease('acquireLease', 'y')).toMatchObject({ reason: 'leaseHeld', message: 'lease "cq" is held by x until 1100' });
  on.nowMs = 1_050;
  expect(lease('acquireLease', 'x')).toEqual({ kind: 'applied', id: 1, untilMs: 1_150 });
  expect(lease('renewLease', 'x', 10)).toEqual({ kind: 'applied', id: 1, untilMs: 1_150 }); // never shorter
  expect(lease('renewLease', 'y')).toMatchObject({ reason: 'leaseLost' });
  on.nowMs = 1_150;
  expect(lease('renewLease', 'x')).toMatchObject({ reason: 'leaseLost' });
  expect(lease('acquireLease', 'y')).toEqual({ kind: 'applied', id: 2, untilMs: 1_250 });
  on.nowMs = 1; // a leader whose clock is behind gives nobody the lease
  expect(lease('acquireLease', 'x')).toMatchObject({ reason: 'leaseHeld' });
  on.run({ kind: 'releaseLease', name: 'cq', holder: 'x' });
  expect(on.catalog.leases.size).toBe(1);
  on.run({ kind: 'releaseLease', name: 'cq', holder: 'y' });
  on.run({ kind: 'releaseLease', name: 'cq', holder: 'y' });
  expect(lease('acquireLease', 'x')).toMatchObject({ id: 3 });
  for (const durationMs of [0, 2 ** 50]) expect(lease('acquireLease', 'x', durationMs)).toMatchObject({ reason: 'invalidDuration' });
  expect(on.why({ kind: 'acquireLease', name: '..', holder: 'x', durationMs: 1 })).toBe('invalidName');
});

test('C29: leases are bounded; those that have run out make room', () => {
  const on = new AppliedLog();
  const acquire = (name: string): string => on.why({ kind: 'acquireLease', name, holder: 'x', durationMs: 100 });
  for (let number = 0; number < 1_000; number += 1) acquire(`l${number}`);
  expect(acquire('more')).toBe('tooManyLeases');
  on.nowMs += 100;
  expect(acquire('more')).toBe('ok');
  expect(on.catalog.leases.size).toBe(1);
});
