import { DbError } from '@varve/base';
import {
  MAX_TIME_NS,
  type CatalogCommand,
  type CommandResult,
  type RetentionPolicyChanges,
} from '@varve/model';
import { expect, test } from 'vitest';
import { CLOSED_INCARNATION_COUNT_MAX } from './incarnations.ts';
import { AppliedLog } from './testing/applied-log.ts';

const HOUR = 3_600_000_000_000n;
const DAY = 24n * HOUR;

class Statements extends AppliedLog {
  createDatabase(name: string, retentionPolicy?: RetentionPolicyChanges): string {
    return this.say({ kind: 'createDatabase', name, retentionPolicy });
  }

  createPolicy(
    name: string,
    options: RetentionPolicyChanges & { readonly durationNs: bigint },
    isDefault = false,
  ): string {
    return this.say({ kind: 'createRetentionPolicy', database: 'a', options: { ...options, name }, isDefault });
  }

  alterPolicy(name: string, changes: RetentionPolicyChanges, isDefault = false): string {
    return this.say({ kind: 'alterRetentionPolicy', database: 'a', name, changes, isDefault });
  }

  /** The policies of database `a`: name, duration, shard duration in hours, copies, `*` for the default. */
  policies(): string {
    const { retentionPolicies, defaultRetentionPolicy } = this.catalog.databases.get('a')!;
    return [...retentionPolicies.values()]
      .map(({ name, durationNs, shardDurationNs, replicaCount }) =>
        [name, durationNs / HOUR, shardDurationNs / HOUR, replicaCount, name === defaultRetentionPolicy ? '*' : '']
          .join(' ')
          .trim(),
      )
      .join(', ');
  }
}

const CONFLICT = 'retention policy conflicts with an existing policy';
const EXISTS = 'retention policy already exists';
const TOO_SHORT = 'retention policy duration must be at least 1h0m0s';
const TOO_NARROW = 'retention policy duration must be greater than the shard duration';

test('CREATE DATABASE answers as InfluxDB 1.6.7 does', () => {
  const on = new Statements();
  expect(on.createDatabase('a')).toBe('ok');
  expect(on.createDatabase('a')).toBe('ok');
  expect(on.policies()).toBe('autogen 0 168 1 *');
  expect(on.createDatabase('a', { durationNs: DAY })).toBe(CONFLICT);
  expect(on.createDatabase('a', { durationNs: 0n })).toBe('ok');
  expect(on.createDatabase('a', { replicaCount: 1 })).toBe('ok');
  expect(on.createDatabase('a', { name: 'x' })).toBe(CONFLICT);

  expect(on.createDatabase('b', { name: 'y', durationNs: 3n * DAY, shardDurationNs: 2n * HOUR })).toBe('ok');
  expect(on.createDatabase('b')).toBe('ok');
  expect(on.createDatabase('b', { name: 'y', shardDurationNs: 2n * HOUR })).toBe('ok');
  expect(on.createDatabase('b', { name: 'y' })).toBe(CONFLICT); // without a shard duration the usual one is meant
  expect(on.createDatabase('c', { durationNs: HOUR / 2n })).toBe(TOO_SHORT);
  expect(on.createDatabase('c', { durationNs: 3n * DAY, shardDurationNs: 4n * DAY })).toBe(TOO_NARROW);
  expect(on.createDatabase('c', { name: '' })).toBe('ok');
  expect([...on.catalog.databases.keys()]).toEqual(['a', 'b', 'c']);
});

test('names are refused and taken as InfluxDB 1.6.7 does', () => {
  const on = new Statements();
  const check = (name: string, expected: string): void =>
    expect(on.createDatabase(name), JSON.stringify(name)).toBe(expected);

  for (const name of [
    '',
    '.',
    '..',
    'a/b',
    'a\\b',
    '\n',
    'tab\t',
    '\u007f',
    '\u00a0',
    '\u200b',
    '\u2028',
    '\ue000',
    '\ufeff',
    '\u0378',
    '\ud800',
  ]) {
    check(name, 'invalid name');
  }
  for (const name of [
    '_internal',
    'a b',
    '__proto__',
    'constructor',
    '\u00e9',
    '.hid',
    '\ufffd',
    '\u{1f600}',
    'a\u0300',
    'y'.repeat(255),
  ])
    check(name, 'ok');
  check('y'.repeat(256), 'name too long');
  check('\u00e9'.repeat(128), 'name too long');
  expect(
    on.say({
      kind: 'createRetentionPolicy',
      database: 'nodb',
      options: { name: '..', durationNs: DAY },
      isDefault: false,
    }),
  ).toBe('invalid name');
  expect(on.say({ kind: 'joinNode', role: 'data', name: '../x' })).toBe('invalid name');
});

test('CREATE RETENTION POLICY answers as InfluxDB 1.6.7 does', () => {
  const on = new Statements();
  on.createDatabase('a');
  expect(
    on.say({
      kind: 'createRetentionPolicy',
      database: 'nodb',
      options: { name: 'r', durationNs: DAY },
      isDefault: false,
    }),
  ).toBe('database not found: nodb');
  expect(on.createPolicy('r', { durationNs: DAY })).toBe('ok');
  expect(on.createPolicy('r', { durationNs: DAY })).toBe('ok');
  expect(on.createPolicy('r', { durationNs: DAY, shardDurationNs: HOUR })).toBe('ok');
  expect(on.createPolicy('r', { durationNs: DAY }, true)).toBe(CONFLICT);
  expect(on.createPolicy('r', { durationNs: 2n * DAY })).toBe(EXISTS);
  expect(on.createPolicy('r', { durationNs: DAY, replicaCount: 2 })).toBe(EXISTS);
  expect(on.createPolicy('r', { durationNs: DAY, shardDurationNs: 2n * HOUR })).toBe(EXISTS);
  expect(on.createPolicy('r', { durationNs: DAY, writeLevel: 'quorum' })).toBe(EXISTS);
  expect(on.createPolicy('s', { durationNs: HOUR - 1n })).toBe(TOO_SHORT);
  expect(on.createPolicy('s', { durationNs: -1n })).toBe(TOO_SHORT);
  expect(on.createPolicy('s', { durationNs: HOUR, shardDurationNs: HOUR + 1n })).toBe(TOO_NARROW);
  expect(on.createPolicy('s', { durationNs: 2n ** 63n })).toMatch(/out of range/);
  expect(on.createPolicy('s', { durationNs: DAY, shardDurationNs: -1n })).toMatch(/out of range/);
  expect(on.createPolicy('s', { durationNs: DAY, replicaCount: 0 })).toMatch(/replication factor/);
  expect(on.createPolicy('s', { durationNs: 2n * HOUR, shardDurationNs: 1n, replicaCount: 3 }, true)).toBe('ok');
  expect(on.createPolicy('s', { durationNs: 2n * HOUR, shardDurationNs: 1n, replicaCount: 3 })).toBe('ok');
  expect(on.policies()).toBe('autogen 0 168 1, r 24 1 1, s 2 1 3 *');
});

test('the shard duration follows from the duration as in InfluxDB 1.6.7', () => {
  const on = new Statements();
  on.createDatabase('a');
  const check = (durationHours: number, expectedHours: number): void => {
    on.createPolicy(`d${durationHours}`, { durationNs: BigInt(durationHours) * HOUR });
    const policy = on.catalog.databases.get('a')!.retentionPolicies.get(`d${durationHours}`);
    expect(policy?.shardDurationNs, `of ${durationHours} h`).toBe(BigInt(expectedHours) * HOUR);
  };
  check(1, 1);
  check(47, 1);
  check(48, 24);
  check(179 * 24, 24);
  check(180 * 24, 168);
  check(0, 168);
});

test('ALTER RETENTION POLICY answers as InfluxDB 1.6.7 does', () => {
  const on = new Statements();
  on.createDatabase('a');
  on.createPolicy('r', { durationNs: 3n * DAY });
  expect(on.say({ kind: 'alterRetentionPolicy', database: 'nodb', name: 'r', changes: {}, isDefault: false })).toBe(
    'database not found: nodb',
  );
  expect(on.alterPolicy('x', { durationNs: DAY })).toBe('retention policy not found: x');
  expect(on.alterPolicy('r', { durationNs: HOUR / 2n })).toBe(TOO_SHORT);
  expect(on.alterPolicy('r', { durationNs: 2n * HOUR })).toBe(TOO_NARROW); // its shards are a day wide
  expect(on.alterPolicy('r', { shardDurationNs: 4n * DAY })).toBe(TOO_NARROW);
  expect(on.alterPolicy('r', { durationNs: 2n * HOUR, shardDurationNs: 1n })).toBe('ok');
  expect(on.policies()).toBe('autogen 0 168 1 *, r 2 1 1');
  expect(on.alterPolicy('r', { durationNs: 0n })).toBe('ok');
  expect(on.policies()).toBe('autogen 0 168 1 *, r 0 1 1');
  expect(on.alterPolicy('r', { durationNs: 30n * DAY, shardDurationNs: 0n, replicaCount: 3 }, true)).toBe('ok');
  expect(on.policies()).toBe('autogen 0 168 1, r 720 24 3 *');
});

test('DROP of what is not there is no error, and a dropped default keeps its name', () => {
  const on = new Statements();
  on.createDatabase('a');
  expect(on.say({ kind: 'dropDatabase', name: 'nodb' })).toBe('ok');
  expect(on.say({ kind: 'dropRetentionPolicy', database: 'nodb', name: 'x' })).toBe('ok');
  expect(on.say({ kind: 'dropRetentionPolicy', database: 'a', name: 'x' })).toBe('ok');
  expect(on.say({ kind: 'dropRetentionPolicy', database: 'a', name: 'autogen' })).toBe('ok');
  expect(on.say({ kind: 'dropShardGroups', database: 'nodb', retentionPolicy: 'x', groupIds: [1] })).toBe('ok');
  expect(on.catalog.databases.get('a')).toMatchObject({
    defaultRetentionPolicy: 'autogen',
    retentionPolicies: new Map(),
  });
  on.createPolicy('autogen', { durationNs: DAY });
  expect(on.policies()).toBe('autogen 24 1 1 *');
});

test('a database that is created again has another id', () => {
  const on = new Statements();
  on.createDatabase('a');
  const first = on.catalog.databases.get('a')!;
  on.say({ kind: 'dropDatabase', name: 'a' });
  on.createDatabase('a');
  expect(on.catalog.databases.get('a')!.id).toBeGreaterThan(first.id);
});

test('a node that joins again gets the id it has', () => {
  const on = new Statements();
  expect(on.run({ kind: 'joinNode', role: 'data', name: 'one' })).toEqual({ kind: 'applied', id: 1 });
  expect(on.run({ kind: 'joinNode', role: 'data', name: 'two' })).toEqual({ kind: 'applied', id: 2 });
  expect(on.run({ kind: 'joinNode', role: 'data', name: 'one' })).toEqual({ kind: 'applied', id: 1 });
});

test('a repair node has an id of its own, and never a shard', () => {
  const on = new Statements();
  expect(on.run({ kind: 'joinNode', role: 'repair', name: 'one' })).toEqual({ kind: 'applied', id: 1 });
  on.createDatabase('a');
  expect(on.run(createGroups(0n))).toMatchObject({ kind: 'rejected', reason: 'noDataNodes' });
  expect(on.run({ kind: 'joinNode', role: 'data', name: 'one' })).toMatchObject({ kind: 'applied', id: 3 + 1 });
  on.run(createGroups(0n));
  const [group] = on.catalog.databases.get('a')!.retentionPolicies.get('autogen')!.shardGroups;
  expect(group!.shards.map(({ owners }) => owners)).toEqual([[4]]);
});

/** A database `a` on so many nodes, whose policy wants so many copies. */
function withNodes(nodeCount: number, replicaCount: number, shardDurationNs = DAY): Statements {
  const on = new Statements();
  for (let number = 1; number <= nodeCount; number += 1) on.run({ kind: 'joinNode', role: 'data', name: `n${number}` });
  on.createDatabase('a', { replicaCount, shardDurationNs });
  return on;
}
const createGroups = (...timesNs: readonly bigint[]): CatalogCommand => ({
  kind: 'createShardGroups',
  database: 'a',
  retentionPolicy: 'autogen',
  timesNs,
});
const groupsOf = (on: Statements): string[] =>
  on.catalog.databases
    .get('a')!
    .retentionPolicies.get('autogen')!
    .shardGroups.map(({ range }) => `${range.startNs / HOUR}..${range.endNs / HOUR}`);

test('C13: the shards of a group are dealt out, the same number to every node', () => {
  const check = (nodeCount: number, replicaCount: number, expected: string): void => {
    const on = withNodes(nodeCount, replicaCount);
    expect(on.say(createGroups(0n))).toBe('ok');
    const [group] = on.catalog.databases.get('a')!.retentionPolicies.get('autogen')!.shardGroups;
    expect(group!.shards.map(({ owners }) => owners.join('')).join(' '), `${replicaCount} on ${nodeCount}`).toBe(
      expected,
    );
  };
  check(1, 1, '1');
  check(1, 3, '1');
  check(2, 1, '1 2');
  check(3, 3, '123');
  check(3, 2, '12 31 23');
  check(4, 2, '13 24');
  check(4, 3, '123 214 314 423');
});

test('C1: a group is made once per window, sorted, and cut where it meets groups of another width', () => {
  const on = withNodes(1, 1);
  on.run(createGroups(30n * HOUR, 1n, 2n));
  expect(groupsOf(on)).toEqual(['0..24', '24..48']);
  const { nextId } = on.catalog;
  on.run(createGroups(3n));
  expect(on.catalog.nextId).toBe(nextId);
  on.alterPolicy('autogen', { shardDurationNs: 7n * DAY });
  on.run(createGroups(-HOUR, 48n * HOUR));
  expect(groupsOf(on)).toEqual(['-72..0', '0..24', '24..48', '48..96']);
});

test('shard groups are refused where they cannot be', () => {
  const on = withNodes(1, 1, HOUR);
  const times = (groupCount: number): bigint[] =>
    Array.from({ length: groupCount }, (_, index) => BigInt(index) * HOUR);
  expect(new Statements().say(createGroups(0n))).toBe('database not found: a');
  expect(on.say({ kind: 'createShardGroups', database: 'a', retentionPolicy: 'x', timesNs: [0n] })).toBe(
    'retention policy not found: x',
  );
  expect(withNodes(0, 1).say(createGroups(0n))).toMatch(/no data node/);
  expect(on.say(createGroups(MAX_TIME_NS + 1n))).toMatch(/outside/);
  expect(on.say(createGroups(...times(101)))).toMatch(/101 new shard groups/);
  expect(groupsOf(on)).toEqual([]);
  expect(on.say(createGroups(...times(100)))).toBe('ok');
  expect(groupsOf(on)).toHaveLength(100);
});

test('dropped shard groups are gone, others stay', () => {
  const on = withNodes(1, 1);
  on.run(createGroups(0n, DAY, 2n * DAY));
  const ids = on.catalog.databases
    .get('a')!
    .retentionPolicies.get('autogen')!
    .shardGroups.map(({ id }) => id);
  on.run({ kind: 'dropShardGroups', database: 'a', retentionPolicy: 'autogen', groupIds: [ids[1]!, 999] });
  expect(groupsOf(on)).toEqual(['0..24', '48..72']);
});

test('C8: the first type of a field stays, later ones are counted', () => {
  const on = withNodes(1, 1);
  const register = (...fields: [measurement: string, field: string, type: 'float' | 'string'][]): CommandResult =>
    on.run({
      kind: 'registerFields',
      database: 'a',
      retentionPolicy: 'autogen',
      fields: fields.map(([measurement, field, type]) => ({ measurement, field, type })),
    });
  expect(register(['cpu', 'v', 'float'], ['cpu', 'v', 'string'], ['__proto__', '__proto__', 'string'])).toEqual({
    kind: 'applied',
    conflictCount: 1,
  });
  const { version } = on.catalog;
  expect(register(['cpu', 'v', 'string'])).toEqual({ kind: 'applied', conflictCount: 1 });
  expect(on.catalog.version).toBe(version);
  expect(register(['cpu', 'w', 'string'])).toEqual({ kind: 'applied', conflictCount: 0 });
  expect(on.catalog.databases.get('a')!.retentionPolicies.get('autogen')!.measurements).toEqual(
    new Map([
      [
        'cpu',
        new Map([
          ['v', 'float'],
          ['w', 'string'],
        ]),
      ],
      ['__proto__', new Map([['__proto__', 'string']])],
    ]),
  );
  expect(on.say({ kind: 'registerFields', database: 'b', retentionPolicy: 'autogen', fields: [] })).toBe(
    'database not found: b',
  );
});

test('C9: an incarnation begins where every earlier lease ended, whatever its clock says', () => {
  const on = new Statements();
  const open = (holder: string, nowMs: number): CommandResult =>
    on.run({ kind: 'openIncarnation', holder, nowMs, leaseMs: 10 });
  expect(open('a', 100)).toEqual({ kind: 'applied', id: 1, floorMs: 0, ceilingMs: 110 });
  expect(open('b', 50)).toEqual({ kind: 'applied', id: 2, floorMs: 110, ceilingMs: 120 });
  expect(on.run({ kind: 'renewIncarnation', incarnation: 1, ceilingMs: 200.5 })).toEqual({
    kind: 'applied',
    ceilingMs: 201,
  });
  expect(on.run({ kind: 'renewIncarnation', incarnation: 1, ceilingMs: 130 })).toEqual({
    kind: 'applied',
    ceilingMs: 201,
  });
  expect(open('a', 300)).toEqual({ kind: 'applied', id: 3, floorMs: 201, ceilingMs: 310 });
  expect(on.say({ kind: 'renewIncarnation', incarnation: 1, ceilingMs: 400 })).toBe('incarnation 1 is closed'); // its holder opened another
  expect(on.say({ kind: 'renewIncarnation', incarnation: 9, ceilingMs: 400 })).toBe('incarnation 9 is closed');
  expect(on.say({ kind: 'closeIncarnation', incarnation: 2 })).toBe('ok');
  expect(on.say({ kind: 'closeIncarnation', incarnation: 2 })).toBe('ok');
  expect(on.say({ kind: 'renewIncarnation', incarnation: 3, ceilingMs: 2 ** 48 })).toMatch(
    /beyond what a version can hold/,
  );
  expect([...on.catalog.incarnations.values()].filter(({ isOpen }) => isOpen).map(({ id }) => id)).toEqual([3]);
  expect(on.catalog.ceilingMs).toBe(310);
});

test('closed incarnations are bounded', () => {
  const on = new Statements();
  for (let round = 0; round < CLOSED_INCARNATION_COUNT_MAX + 50; round += 1) {
    on.run({ kind: 'openIncarnation', holder: 'a', nowMs: round, leaseMs: 1 });
  }
  expect(on.catalog.incarnations.size).toBe(CLOSED_INCARNATION_COUNT_MAX + 1);
});

test('C4: the version is the index of the last change that followers see', () => {
  const on = new Statements(); // index 1 opens the session
  on.run({ kind: 'openIncarnation', holder: 'a', nowMs: 1, leaseMs: 1 }); // index 2
  on.run({ kind: 'renewIncarnation', incarnation: 1, ceilingMs: 99 });
  on.run({ kind: 'acquireLease', name: 'l', holder: 'a', durationMs: 5 }); // index 4
  on.run({ kind: 'renewLease', name: 'l', holder: 'a', durationMs: 50 });
  on.say({ kind: 'dropDatabase', name: 'nodb' });
  on.createDatabase('..');
  expect(on.catalog.version).toBe(4);
  on.createDatabase('a'); // index 8
  expect(on.catalog.version).toBe(8);
});

test('an index at or below the version is a bug', () => {
  const on = new Statements();
  on.createDatabase('a');
  on.index = 0;
  expect(() => on.createDatabase('b')).toThrow(/log index 1/);
  expect(() => on.createDatabase('b')).not.toThrow(DbError);
});
