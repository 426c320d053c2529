import { newShardGroupRange, type CatalogCommand, type CommandResult } from '@varve/model';
import { expect, test } from 'vitest';
import { AppliedLog, groups } from './testing/applied-log.ts';

const HOUR_MS = 3_600_000;
const HOUR = 3_600_000_000_000n;

/** One data node, and a database `a` that keeps points for two hours in groups of one. */
function keepingTwoHours(): AppliedLog {
  const on = new AppliedLog();
  on.run({ kind: 'joinNode', role: 'data', name: 'n1' });
  on.run({ kind: 'createDatabase', name: 'a', retentionPolicy: { durationNs: 2n * HOUR, shardDurationNs: HOUR } });
  return on;
}
const rangesOf = (on: AppliedLog): string[] => on.policy().shardGroups.map(({ range }) => `${range.startNs / HOUR}..${range.endNs / HOUR}`);
const enforce = (on: AppliedLog, nowMs = on.nowMs): CommandResult => on.run({ kind: 'enforceRetention', nowMs });
const precreate = (on: AppliedLog, aheadMs = 600_000): CommandResult => on.run({ kind: 'precreateShardGroups', aheadMs });

test('C28: what is older than its policy keeps is dropped, once, however many ask', () => {
  const on = keepingTwoHours();
  on.run(groups(0n, 1n, 2n));
  on.nowMs = 3 * HOUR_MS - 1;
  expect(enforce(on)).toEqual({ kind: 'applied', groupCount: 0 });
  on.nowMs = 3 * HOUR_MS;
  expect(enforce(on)).toEqual({ kind: 'applied', groupCount: 1 });
  const { version } = on.catalog;
  expect(enforce(on)).toEqual({ kind: 'applied', groupCount: 0 });
  expect(on.catalog.version).toBe(version);
  expect(rangesOf(on)).toEqual(['1..2', '2..3']);
});

test('C28: one clock that runs ahead drops nothing, be it the leader\'s or the asker\'s', () => {
  const on = keepingTwoHours();
  on.run(groups(0n));
  expect(enforce(on, 1e12)).toMatchObject({ groupCount: 0 });
  const rightMs = on.nowMs;
  on.nowMs = 1e12;
  expect(enforce(on, rightMs)).toMatchObject({ groupCount: 0 });
  expect(enforce(on, 1e12)).toMatchObject({ groupCount: 1 });
});

test('C28: what is kept for ever stays, and nothing is dropped while retention is off', () => {
  const on = keepingTwoHours();
  on.run({ kind: 'createDatabase', name: 'b' });
  on.run({ ...groups(0n), database: 'b' } as CatalogCommand);
  on.run(groups(0n));
  on.nowMs = 1e12;
  on.run({ kind: 'setSetting', key: 'retention-enforcement', value: 'off' });
  expect(enforce(on)).toMatchObject({ groupCount: 0 });
  on.run({ kind: 'setSetting', key: 'retention-enforcement' });
  expect(enforce(on)).toMatchObject({ groupCount: 1 });
  expect(on.policy('b').shardGroups).toHaveLength(1);
});

test('C28: the next group is made when the present one ends soon, once, and only where somebody writes', () => {
  const on = keepingTwoHours();
  on.run({ kind: 'createDatabase', name: 'b' });
  on.run(groups(5n));
  on.nowMs = 5.5 * HOUR_MS;
  expect(precreate(on)).toEqual({ kind: 'applied', groupCount: 0 });
  on.nowMs = 6 * HOUR_MS - 600_000;
  on.run({ kind: 'setSetting', key: 'shard-precreation', value: 'off' });
  expect(precreate(on)).toMatchObject({ groupCount: 0 });
  on.run({ kind: 'setSetting', key: 'shard-precreation' });
  expect(precreate(on)).toEqual({ kind: 'applied', groupCount: 1 });
  expect(precreate(on)).toEqual({ kind: 'applied', groupCount: 0 });
  expect(rangesOf(on)).toEqual(['5..6', '6..7']);
  on.nowMs = 9 * HOUR_MS;
  expect(precreate(on)).toMatchObject({ groupCount: 0 }); // nobody has written for two hours
});

test('C28: without a node that takes shards nothing is made ahead of time', () => {
  const on = keepingTwoHours();
  on.run(groups(0n));
  on.run({ kind: 'joinNode', role: 'data', name: 'n2' });
  on.nowMs = HOUR_MS - 1;
  on.run({ kind: 'leaveNode', node: 1 });
  on.run({ kind: 'removeNode', node: on.catalog.nextId - 1 });
  expect(precreate(on)).toMatchObject({ kind: 'applied', groupCount: 0 });
  expect(on.say(groups(1n))).toBe('every data node is leaving the cluster');
});

test('C19: groups that are open at a time end there, remember where they ended, and the next ones follow', () => {
  const on = keepingTwoHours();
  on.nowMs = 1.25 * HOUR_MS;
  on.run(groups(0n, 1n, 2n));
  const cut = (HOUR * 3n) / 2n;
  expect(on.run({ kind: 'truncateShardGroups', atNs: cut })).toEqual({ kind: 'applied', groupCount: 1 });
  expect(on.policy().shardGroups.map(({ range, cutFromNs }) => [range.endNs, cutFromNs])).toEqual([
    [HOUR, undefined],
    [cut, 2n * HOUR],
    [3n * HOUR, undefined],
  ]);
  expect(newShardGroupRange(on.policy(), cut)).toEqual({ startNs: cut, endNs: 2n * HOUR });
  on.run({ kind: 'joinNode', role: 'data', name: 'n2' });
  on.run({ ...groups(), timesNs: [cut] } as CatalogCommand);
  expect(on.owners()).toEqual(['1', '1', `1 ${on.policy().shardGroups[2]!.shards[1]!.owners[0]}`, '1']);
  expect(on.run({ kind: 'truncateShardGroups', atNs: 3n * HOUR })).toMatchObject({ groupCount: 0 }); // a group ends there anyway
});

test('C19: the past cannot be cut off, and a group that was cut twice remembers its first end', () => {
  const on = keepingTwoHours();
  on.nowMs = HOUR_MS / 4;
  on.run(groups(0n));
  for (const atNs of [HOUR / 4n, 0n, 2n ** 63n]) expect(on.why({ kind: 'truncateShardGroups', atNs })).toBe('invalidTime');
  on.run({ kind: 'truncateShardGroups', atNs: HOUR / 2n });
  on.run({ kind: 'truncateShardGroups', atNs: HOUR / 3n });
  expect(on.policy().shardGroups[0]).toMatchObject({ range: { endNs: HOUR / 3n }, cutFromNs: HOUR });
  on.nowMs = 2.9 * HOUR_MS; // points that were written ahead of the cut are kept as long as others
  expect(enforce(on)).toMatchObject({ groupCount: 0 });
  on.nowMs = 3 * HOUR_MS;
  expect(enforce(on)).toMatchObject({ groupCount: 1 });
});

test('write limits are kept, changed, taken away and checked', () => {
  const on = keepingTwoHours();
  const alter = (changes: object): string => on.why({ kind: 'alterRetentionPolicy', database: 'a', name: 'autogen', changes, isDefault: false });
  expect(alter({ futureLimitNs: HOUR, pastLimitNs: 2n * HOUR })).toBe('ok');
  expect(alter({ durationNs: 3n * HOUR })).toBe('ok');
  expect(on.policy()).toMatchObject({ futureLimitNs: HOUR, pastLimitNs: 2n * HOUR });
  expect(alter({ futureLimitNs: 0n })).toBe('ok');
  expect(on.policy().futureLimitNs).toBeUndefined();
  expect(alter({ pastLimitNs: -1n })).toBe('invalidDuration');
  expect(alter({ pastLimitNs: 2n ** 63n })).toBe('invalidDuration');
  const create = (pastLimitNs: bigint): string => on.why({ kind: 'createDatabase', name: 'a', retentionPolicy: { shardDurationNs: HOUR, pastLimitNs } });
  expect(create(2n * HOUR)).toBe('ok');
  expect(create(HOUR)).toBe('retentionPolicyConflict');
});
