import type { CatalogCommand, FieldType } from '@varve/model';
import fc from 'fast-check';

const HOUR = 3_600_000_000_000n;
const database = fc.oneof({ arbitrary: fc.constant('a'), weight: 3 }, fc.constant('__proto__'));
const policy = fc.oneof({ arbitrary: fc.constant('autogen'), weight: 6 }, fc.constantFrom('constructor', 'r'));
const holder = fc.constantFrom('x', 'y');
const duration = fc.constantFrom(0n, HOUR / 2n, HOUR, 24n * HOUR, 72n * HOUR, 24n * 400n * HOUR);
const maybe = <Value>(arbitrary: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> => fc.option(arbitrary, { nil: undefined });
const options = {
  durationNs: duration,
  shardDurationNs: maybe(duration),
  replicaCount: maybe(fc.integer({ min: 0, max: 4 })),
  futureLimitNs: maybe(fc.constantFrom(0n, HOUR, -1n)),
};
const fieldType = fc.constantFrom<FieldType>('float', 'integer', 'string', 'boolean');
const fields = fc.array(
  fc.record({ measurement: fc.constantFrom('m', ''), field: fc.constantFrom('f', 'g'), type: fieldType }),
  { maxLength: 4 },
);
const id = fc.oneof(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 60 }));
const node = fc.integer({ min: 1, max: 8 });
const timeNs = fc.oneof(
  { arbitrary: fc.bigInt({ min: -100n * HOUR, max: 400n * HOUR }), weight: 40 },
  { arbitrary: fc.constantFrom(-(2n ** 63n), 2n ** 63n - 2n), weight: 1 },
);
const anyMs = fc.integer({ min: 0, max: 1_000 });
const user = fc.constantFrom('u', 'v', '');
const label = fc.dictionary(fc.constantFrom('zone', 'rack'), fc.constantFrom('', '1', '2', '3')).map((values) => new Map(Object.entries(values)));
const inPolicy = { database, retentionPolicy: policy };

/** A command of one kind. */
function of<Kind extends CatalogCommand['kind']>(
  kind: Kind,
  fieldsOf: { readonly [Field in Exclude<keyof Extract<CatalogCommand, { kind: Kind }>, 'kind'>]?: fc.Arbitrary<unknown> },
): fc.Arbitrary<CatalogCommand> {
  return fc.record({ kind: fc.constant(kind), ...fieldsOf }) as unknown as fc.Arbitrary<CatalogCommand>;
}

/** Of every kind but `openSession`, over few names and ids, so that commands meet. */
export const anyCommand: fc.Arbitrary<CatalogCommand> = fc.oneof(
  of('joinNode', {
    role: fc.constantFrom('data', 'data', 'repair'),
    name: fc.constantFrom('n1', 'n2', 'n3', 'n4', '..'),
    labels: maybe(label),
    featureLevel: maybe(fc.constantFrom(1, 2)),
  }),
  of('labelNode', { node, labels: label }),
  of('leaveNode', { node, isCancelled: maybe(fc.boolean()) }),
  of('removeNode', { node, isForced: maybe(fc.boolean()) }),
  of('replaceNode', { node, newcomer: node }),
  of('createDatabase', { name: database }),
  of('createDatabase', { name: database, retentionPolicy: fc.record({ name: policy, ...options }) }),
  of('dropDatabase', { name: database }),
  of('createRetentionPolicy', { database, options: fc.record({ name: policy, ...options }), isDefault: fc.boolean() }),
  {
    arbitrary: of('alterRetentionPolicy', {
      database,
      name: policy,
      changes: fc.oneof(fc.record(options), fc.record({ shardDurationNs: fc.constantFrom(HOUR, 24n * HOUR, 100n * HOUR) })),
      isDefault: fc.boolean(),
    }),
    weight: 4,
  },
  of('dropRetentionPolicy', { database, name: policy }),
  { arbitrary: of('createShardGroups', { ...inPolicy, timesNs: fc.array(timeNs, { maxLength: 6 }) }), weight: 10 },
  of('dropShardGroups', { ...inPolicy, groupIds: fc.array(id, { maxLength: 3 }) }),
  { arbitrary: of('dropShard', { shard: id }), weight: 6 },
  { arbitrary: of('truncateShardGroups', { atNs: timeNs }), weight: 2 },
  {
    arbitrary: of('setShardOwners', { ...inPolicy, shard: id, epoch: fc.constantFrom(1, 1, 2), owners: fc.array(node, { maxLength: 3 }) }),
    weight: 6,
  },
  of('enforceRetention', { nowMs: fc.integer({ min: 0, max: 2_000_000_000 }) }),
  { arbitrary: of('precreateShardGroups', { aheadMs: fc.constantFrom(0, 90_000_000) }), weight: 2 },
  of('registerFields', { ...inPolicy, fields }),
  of('dropMeasurement', { database, measurement: fc.constantFrom('m', '__proto__') }),
  of('finishMeasurementDrop', { database, measurement: fc.constantFrom('m', '__proto__'), drop: id }),
  of('createContinuousQuery', { database, name: fc.constantFrom('q', ''), query: fc.constantFrom('SELECT 1', 'select 1', 'x') }),
  of('dropContinuousQuery', { database, name: fc.constantFrom('q', 'r') }),
  of('createSubscription', {
    ...inPolicy,
    name: fc.constantFrom('s', ''),
    mode: fc.constantFrom('ALL', 'ANY'),
    destinations: fc.array(fc.constantFrom('http://h:1', 'udp://h:9', 'ftp://h:1'), { maxLength: 2 }),
  }),
  of('dropSubscription', { ...inPolicy, name: fc.constantFrom('s', 't') }),
  of('createUser', { name: user, passwordHash: fc.constantFrom('1', '2'), isAdmin: fc.boolean() }),
  of('dropUser', { name: user }),
  of('setPassword', { name: user, passwordHash: fc.constantFrom('1', '2') }),
  of('setAdmin', { name: user, isAdmin: fc.boolean() }),
  of('createRole', { name: fc.constantFrom('r', '') }),
  of('dropRole', { name: fc.constantFrom('r', 's') }),
  of('setRoleMember', { role: fc.constantFrom('r', 's'), user, isMember: fc.boolean() }),
  ...(['grantPrivilege', 'revokePrivilege'] as const).map((kind) =>
    of(kind, {
      grantee: fc.constantFrom('user', 'role'),
      name: fc.constantFrom('u', 'r'),
      database,
      privilege: fc.constantFrom('read', 'write', 'all'),
    }),
  ),
  of('openIncarnation', { holder, nowMs: anyMs, leaseMs: anyMs }),
  of('renewIncarnation', { incarnation: id, ceilingMs: anyMs }),
  of('closeIncarnation', { incarnation: id }),
  of('acquireLease', { name: fc.constantFrom('l', '..'), holder, durationMs: fc.constantFrom(0, 1_000, 100_000) }),
  of('renewLease', { name: fc.constant('l'), holder, durationMs: fc.constantFrom(0, 1_000, 100_000) }),
  of('releaseLease', { name: fc.constant('l'), holder }),
  of('setSetting', {
    key: fc.constantFrom('zone-label', 'default-replica-count', 'shard-precreation', 'x'),
    value: maybe(fc.constantFrom('rack', '2', 'off', '')),
  }),
  of('reportFeatureLevel', { member: fc.constantFrom('meta/1', 'meta/2', '..'), level: fc.constantFrom(0, 1, 2, 2) }),
  of('raiseFeatureLevel', { level: fc.constantFrom(1, 2, 2, 3) }),
);
