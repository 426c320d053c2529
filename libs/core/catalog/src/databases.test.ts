import type { RetentionPolicyChanges } from '@varve/model';
import { expect, test } from 'vitest';
import { AppliedLog } from './testing/applied-log.ts';

const HOUR = 3_600_000_000_000n;
const CONFLICT = 'retention policy conflicts with an existing policy';
const TOO_SHORT = 'retention policy duration must be at least 1h0m0s';
const TOO_NARROW = 'retention policy duration must be greater than the shard duration';

/** A database `a` that has lost its only policy. */
function withoutPolicy(level: 1 | 2): AppliedLog {
  const on = new AppliedLog();
  on.run({ kind: 'reportFeatureLevel', member: 'meta/1', level });
  on.run({ kind: 'raiseFeatureLevel', level });
  on.run({ kind: 'createDatabase', name: 'a' });
  on.run({ kind: 'dropRetentionPolicy', database: 'a', name: 'autogen' });
  return on;
}

const create = (on: AppliedLog, retentionPolicy?: RetentionPolicyChanges): string => on.say({ kind: 'createDatabase', name: 'a', retentionPolicy });

test('C10: CREATE DATABASE … WITH gives a database without policies its first one again, by a new id', () => {
  const on = withoutPolicy(2);
  const { id } = on.catalog.databases.get('a')!;
  const { nextId } = on.catalog;
  expect(create(on)).toBe('ok');
  expect(on.catalog.databases.get('a')!.retentionPolicies.size).toBe(0);
  expect(create(on, { name: 'n', durationNs: 2n * HOUR, shardDurationNs: 3n * HOUR })).toBe(TOO_NARROW);
  expect(create(on, { name: 'n', durationNs: HOUR / 2n })).toBe(TOO_SHORT);
  expect(create(on, { name: 'n', durationNs: 2n * HOUR })).toBe('ok');
  expect(on.catalog.databases.get('a')).toMatchObject({ id, defaultRetentionPolicy: 'n' });
  expect(on.policy('a', 'n')).toMatchObject({ id: nextId, durationNs: 2n * HOUR, shardDurationNs: HOUR, shardGroups: [] });
  expect(on.catalog.nextId).toBe(nextId + 1);
  expect(create(on, { name: 'm' })).toBe(CONFLICT);
});

test('C33: before the second feature level that is a conflict, as in 0.1.0', () => {
  const on = withoutPolicy(1);
  expect(create(on, { name: 'n' })).toBe(CONFLICT);
});

test('C10: what contradicts a database that is there is a conflict before its shard duration is looked at, not before its duration', () => {
  const on = new AppliedLog();
  create(on);
  expect(create(on, { durationNs: 2n * HOUR, shardDurationNs: 3n * HOUR })).toBe(CONFLICT);
  expect(create(on, { durationNs: HOUR / 2n, shardDurationNs: 3n * HOUR })).toBe(TOO_SHORT);
});
