import { DbError } from '@varve/base';
import { PROPERTY_DEFAULTS } from '@varve/testkit';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EMPTY_CATALOG, type Catalog, type RetentionPolicy } from './catalog.ts';
import type { FieldType } from './column.ts';
import { databaseFromText, databaseToText, decodeCatalog, encodeCatalog } from './catalog-codec.ts';
import { withoutSecrets, type CatalogCommand, type CommandResult } from './catalog-command.ts';
import { decodeCommand, decodeCommandResult, encodeCommand, encodeCommandResult } from './command-codec.ts';

const policy: RetentionPolicy = {
  id: 3,
  name: 'constructor',
  durationNs: 0n,
  shardDurationNs: 604_800_000_000_000n,
  replicaCount: 2,
  writeLevel: 'quorum',
  readLevel: 'all',
  futureLimitNs: 5n,
  pastLimitNs: 6n,
  subscriptions: new Map([['s', { name: 's', mode: 'ANY', destinations: ['http://h:1'] }]]),
  shardGroups: [
    { id: 4, cutFromNs: 2n ** 63n - 1n, range: { startNs: -(2n ** 63n) + 2n, endNs: 2n ** 63n - 1n }, replicaCount: 2, shards: [{ id: 5, owners: [1], epoch: 6 }] },
  ],
  measurements: new Map([
    [
      '__proto__',
      new Map<string, FieldType>([
        ['\ud800', 'float'],
        ['', 'integer'],
      ]),
    ],
  ]),
};
const CATALOG: Catalog = {
  version: 9,
  nodes: new Map([
    [1, { id: 1, role: 'data', name: 'n' }],
    [9, { id: 9, role: 'repair', name: 'n', labels: new Map([['__proto__', 'z']]), isLeaving: true, featureLevel: 2 }],
  ]),
  databases: new Map([
    [
      '__proto__',
      { id: 2, name: '__proto__', defaultRetentionPolicy: 'gone', retentionPolicies: new Map([[policy.name, policy]]), continuousQueries: new Map([['q', { name: 'q', query: 'SELECT' }]]) },
    ],
  ]),
  incarnations: new Map([[7, { id: 7, holder: 'c', ceilingMs: 1_700_000_000_000.5, isOpen: false }]]),
  nextId: 8,
  ceilingMs: 1_700_000_000_001,
  users: new Map([['u', { name: 'u', passwordHash: '#', isAdmin: false, privileges: new Map([['__proto__', 'all']]) }]]),
  roles: new Map([['r', { name: 'r', members: ['u'], privileges: new Map([['__proto__', 'read']]) }]]),
  leases: new Map([['l', { id: 6, name: 'l', holder: 'h', untilMs: 7.5 }]]),
  settings: new Map([['zone-label', 'rack']]),
  featureLevel: 2,
  featureReports: new Map([['meta/1', 3]]),
  clockMs: 1_700_000_000_000.25,
  sessions: [{ id: 5, proposer: 'p', lastUsedMs: 3, ackedSeq: 1, answers: [{ seq: 2, result: { kind: 'applied', id: 7 } }] }],
  earlierRequests: new Map([
    ['r', { kind: 'applied', id: 7 }],
    ['s', { kind: 'rejected', reason: 'noDataNodes', message: 'none' }],
  ]),
};

const RESULTS: readonly CommandResult[] = [
  ...CATALOG.earlierRequests.values(),
  { kind: 'applied', untilMs: 1.5, epoch: 2, groupCount: 0, conflictCount: 1, floorMs: 3, ceilingMs: 4 },
];

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

test('a catalog reads back as it was written, odd names and the ends of int64 too', () => {
  expect(decodeCatalog(encodeCatalog(CATALOG))).toStrictEqual(CATALOG);
  expect(decodeCatalog(encodeCatalog(EMPTY_CATALOG))).toStrictEqual(EMPTY_CATALOG);
});

test('what many groups of a catalog have in common is there once when it was read', () => {
  const groups = [policy, { ...policy, name: 'other' }].map((each) => {
    const database = { id: 2, name: each.name, defaultRetentionPolicy: '', retentionPolicies: new Map([[each.name, each]]) };
    return databaseFromText(databaseToText(database)).retentionPolicies.get(each.name)!.shardGroups[0]!;
  });
  expect(groups[0]).toStrictEqual(groups[1]);
  expect(groups[0]!.range).toBe(groups[1]!.range);
  expect(groups[0]!.shards[0]!.owners).toBe(groups[1]!.shards[0]!.owners);
});

test('a result reads back as it was written', () => {
  for (const result of RESULTS)
    expect(decodeCommandResult(encodeCommandResult(result))).toStrictEqual(result);
});

test('a newer format is said to be newer, anything else that is wrong is named with its place', () => {
  const text = textOf(encodeCatalog(CATALOG));
  const check = (broken: string, code: string, message: RegExp): void => {
    expect(() => decodeCatalog(bytesOf(broken)), broken).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    );
  };
  check(
    text.replace('"format":2', '"format":3,"more":[]'),
    'STORAGE_NEWER_FORMAT',
    /format 3, this node knows up to 2/,
  );
  check(text.replace('"epoch":6', '"epoch":-6'), 'MESSAGE_INVALID', /shards\[0\]\.epoch is not a whole number/);
  check(
    text.replace('"epoch":6', '"epoch":6,"extra":1'),
    'MESSAGE_INVALID',
    /field "extra" that this node does not know/,
  );
  check(
    text.replace('"kind":"applied"', '"kind":"toString"'),
    'MESSAGE_INVALID',
    /kind is not one of applied, rejected/,
  );
  check(text.replace('"float"', '"decimal"'), 'MESSAGE_INVALID', /is not one of float/);
  check(text.replace('["s",', '["r",'), 'MESSAGE_INVALID', /earlierRequests names a key twice/);
  check(text.slice(1), 'MESSAGE_INVALID', /not JSON/);
  check('null', 'MESSAGE_INVALID', /catalog is not an object/);
});

test('C33: a catalog of format 1 is read; its requests are remembered as they were', () => {
  // As release 0.1.0 wrote it.
  const format1 =
    '{"format":1,"version":9,"nodes":[{"id":1,"role":"data","name":"n"}],"databases":[{"id":2,"name":"a","defaultRetentionPolicy":"autogen","retentionPolicies":[{"id":3,"name":"autogen","durationNs":"0","shardDurationNs":"604800000000000","replicaCount":1,"writeLevel":"one","readLevel":"one","shardGroups":[{"id":4,"range":{"startNs":"0","endNs":"604800000000000"},"replicaCount":1,"shards":[{"id":5,"owners":[1],"epoch":1}]}],"measurements":[["m",[["f","float"]]]]}]}],"incarnations":[{"id":6,"holder":"c","ceilingMs":12,"isOpen":true}],"nextId":7,"ceilingMs":12,"recentRequests":[["c/00",{"kind":"applied","id":6}]]}';
  const catalog = decodeCatalog(bytesOf(format1));
  expect(catalog).toMatchObject({ version: 9, nextId: 7, ceilingMs: 12, featureLevel: 1, clockMs: 0, sessions: [] });
  expect(catalog.earlierRequests).toEqual(new Map([['c/00', { kind: 'applied', id: 6 }]]));
  expect(catalog.databases.get('a')!.retentionPolicies.get('autogen')!.shardGroups[0]!.shards).toEqual([{ id: 5, owners: [1], epoch: 1 }]);
  expect(decodeCatalog(encodeCatalog(catalog))).toEqual(catalog);
  expect(() => decodeCatalog(bytesOf(format1.replace('"format":1', '"format":0')))).toThrow(DbError);
  expect(() => decodeCatalog(bytesOf(format1.replace(',"recentRequests"', ',"sessions"')))).toThrow(/recentRequests/);
});

test('a catalog of format 2 from before rights of none and dropped shards has the bytes it had', () => {
  const earlier =
    '{"format":2,"version":9,"nodes":[{"id":1,"role":"data","name":"n","featureLevel":2}],"databases":[{"id":2,"name":"a","defaultRetentionPolicy":"autogen","retentionPolicies":[{"id":3,"name":"autogen","durationNs":"0","shardDurationNs":"604800000000000","replicaCount":1,"writeLevel":"one","readLevel":"one","subscriptions":[{"name":"s","mode":"ANY","destinations":["http://h:1"]}],"shardGroups":[{"id":4,"range":{"startNs":"0","endNs":"604800000000000"},"replicaCount":1,"shards":[{"id":5,"owners":[1],"epoch":1}]}],"measurements":[["m",[["f","float"]]]]}],"continuousQueries":[{"name":"q","query":"SELECT"}]}],"incarnations":[],"nextId":6,"ceilingMs":12,"users":[{"name":"u","passwordHash":"#","isAdmin":false,"privileges":[["a","all"]]}],"roles":[{"name":"r","members":["u"],"privileges":[["a","read"]]}],"leases":[],"settings":[],"featureLevel":2,"featureReports":[["meta/1",2]],"clockMs":3,"sessions":[],"earlierRequests":[]}';
  const catalog = decodeCatalog(bytesOf(earlier));
  expect(textOf(encodeCatalog(catalog))).toBe(earlier);
  const revoked = { ...catalog, users: new Map([['u', { ...catalog.users.get('u')!, privileges: new Map([['a', 'none' as const]]) }]]) };
  expect(decodeCatalog(encodeCatalog(revoked))).toStrictEqual(revoked);
});

test('C34: what the audit gets has no password, in whatever it stood', () => {
  const check = (command: CatalogCommand): void => expect(textOf(encodeCommand(withoutSecrets(command)))).not.toMatch(/secret/);
  check({ kind: 'createUser', name: 'u', passwordHash: 'secret', isAdmin: true });
  check({ kind: 'setPassword', name: 'u', passwordHash: 'secret' });
  const destinations = ['http://u:secret@h:1', 'https://u:secret@secret@h:1/x', 'secret@h', 'udp://h:9'];
  check({ kind: 'createSubscription', database: 'd', retentionPolicy: 'r', name: 's', mode: 'ALL', destinations });
  const plain: CatalogCommand = { kind: 'dropUser', name: 'u@h' };
  expect(withoutSecrets(plain)).toBe(plain);
});

test('whatever a document holds, it is read or refused', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      for (const decode of [decodeCatalog, decodeCommand, decodeCommandResult]) {
        try {
          decode(bytesOf(text));
        } catch (error) {
          expect(error).toBeInstanceOf(DbError);
        }
      }
    }),
    PROPERTY_DEFAULTS,
  );
});

test('a damaged document is refused, or is another valid one', () => {
  const bytes = encodeCatalog(CATALOG);
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 0, max: 255 }), (position, value) => {
      const damaged = bytes.with(position, value);
      try {
        const catalog = decodeCatalog(damaged);
        expect(decodeCatalog(encodeCatalog(catalog))).toEqual(catalog);
      } catch (error) {
        expect(error).toBeInstanceOf(DbError);
      }
    }),
    { ...PROPERTY_DEFAULTS, numRuns: 500 },
  );
});

test('a command is checked in every part', () => {
  const check = (json: unknown, message: RegExp): void => {
    expect(() => decodeCommand(bytesOf(JSON.stringify(json)))).toThrow(message);
  };
  expect(
    decodeCommand(encodeCommand({ kind: 'createDatabase', name: 'd', retentionPolicy: { durationNs: 5n } })),
  ).toStrictEqual({
    kind: 'createDatabase',
    name: 'd',
    retentionPolicy: { durationNs: 5n },
  });
  check({ kind: 'dropEverything' }, /command\.kind is not one of joinNode/);
  check({ kind: 'joinNode', role: 'data' }, /command\.name is not a text/);
  check(
    { kind: 'createDatabase', name: 'd', retentionPolicy: { durationNs: 5 } },
    /retentionPolicy\.durationNs is not a whole number as text/,
  );
  check({ kind: 'openIncarnation', holder: 'h', nowMs: 1, leaseMs: 0.5 }, /leaseMs is not a whole number/);
  check({ kind: 'renewIncarnation', incarnation: 1, ceilingMs: 2 ** 60 }, /ceilingMs is not a wall time/);
  check({ kind: 'createShardGroups', database: 'd', retentionPolicy: 'r', timesNs: ['9'.repeat(41)] }, /timesNs\[0\]/);
  check([], /command is not an object/);
});
