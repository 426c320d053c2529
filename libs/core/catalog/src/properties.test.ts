import {
  decodeCatalog,
  decodeCommand,
  EMPTY_CATALOG,
  encodeCatalog,
  encodeCommand,
  SHARD_WINDOW_NS_MAX,
  type Catalog,
  type CatalogCommand,
  type FieldType,
} from '@varve/model';
import { PROPERTY_DEFAULTS } from '@varve/testkit';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { applyCatalogCommand } from './apply-command.ts';

// Methodology: random logs over few names, so that commands meet: the same database is created, altered, filled and
// dropped, requests are repeated. After every command the catalog is checked against its numbered invariants.
const HOUR = 3_600_000_000_000n;
const database = fc.oneof({ arbitrary: fc.constant('a'), weight: 3 }, fc.constant('__proto__'));
const policy = fc.oneof({ arbitrary: fc.constant('autogen'), weight: 6 }, fc.constantFrom('constructor', 'r'));
const holder = fc.constantFrom('x', 'y');
const duration = fc.constantFrom(0n, HOUR / 2n, HOUR, 24n * HOUR, 72n * HOUR, 24n * 400n * HOUR);
const options = {
  durationNs: duration,
  shardDurationNs: fc.option(duration, { nil: undefined }),
  replicaCount: fc.option(fc.integer({ min: 0, max: 4 }), { nil: undefined }),
};
const fieldType = fc.constantFrom<FieldType>('float', 'integer', 'string', 'boolean');
const fields = fc.array(
  fc.record({ measurement: fc.constantFrom('m', ''), field: fc.constantFrom('f', 'g'), type: fieldType }),
  { maxLength: 4 },
);
const id = fc.oneof(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 60 }));
const timeNs = fc.oneof(
  { arbitrary: fc.bigInt({ min: -100n * HOUR, max: 400n * HOUR }), weight: 40 },
  { arbitrary: fc.constantFrom(-(2n ** 63n), 2n ** 63n - 2n), weight: 1 },
);
const anyMs = fc.integer({ min: 0, max: 1_000 });

const command: fc.Arbitrary<CatalogCommand> = fc.oneof(
  fc.record({
    kind: fc.constant('joinNode' as const),
    role: fc.constantFrom('data' as const, 'data' as const, 'repair' as const),
    name: fc.constantFrom('n1', 'n2', 'n3', 'n4', '..'),
  }),
  fc.record({ kind: fc.constant('createDatabase' as const), name: database }),
  fc.record({
    kind: fc.constant('createDatabase' as const),
    name: database,
    retentionPolicy: fc.record({ name: policy, ...options }),
  }),
  fc.record({ kind: fc.constant('dropDatabase' as const), name: database }),
  fc.record({
    kind: fc.constant('createRetentionPolicy' as const),
    database,
    options: fc.record({ name: policy, ...options }),
    isDefault: fc.boolean(),
  }),
  {
    arbitrary: fc.record({
      kind: fc.constant('alterRetentionPolicy' as const),
      database,
      name: policy,
      changes: fc.oneof(
        fc.record(options),
        fc.record({ shardDurationNs: fc.constantFrom(HOUR, 24n * HOUR, 100n * HOUR) }),
      ),
      isDefault: fc.boolean(),
    }),
    weight: 4,
  },
  fc.record({ kind: fc.constant('dropRetentionPolicy' as const), database, name: policy }),
  {
    arbitrary: fc.record({
      kind: fc.constant('createShardGroups' as const),
      database,
      retentionPolicy: policy,
      timesNs: fc.array(timeNs, { maxLength: 6 }),
    }),
    weight: 6,
  },
  fc.record({
    kind: fc.constant('dropShardGroups' as const),
    database,
    retentionPolicy: policy,
    groupIds: fc.array(id, { maxLength: 3 }),
  }),
  fc.record({ kind: fc.constant('registerFields' as const), database, retentionPolicy: policy, fields }),
  fc.record({ kind: fc.constant('openIncarnation' as const), holder, nowMs: anyMs, leaseMs: anyMs }),
  fc.record({ kind: fc.constant('renewIncarnation' as const), incarnation: id, ceilingMs: anyMs }),
  fc.record({ kind: fc.constant('closeIncarnation' as const), incarnation: id }),
);
const nodeCount = fc.integer({ min: 0, max: 4 });
const randomPart = fc.array(fc.record({ command, requestId: fc.integer({ min: 0, max: 500 }).map(String) }), {
  minLength: 10,
  maxLength: 80,
  size: 'max',
});
/** Most logs begin with nodes and databases, so that what follows has something to work on. */
const log: fc.Arbitrary<readonly Logged[]> = fc
  .tuple(nodeCount, randomPart)
  .map(([joined, rest]) => [...opening(joined), ...rest]);

function opening(joined: number): readonly Logged[] {
  const joins = ['n1', 'n2', 'n3', 'n4'].slice(0, joined).map((name) => ({ kind: 'joinNode' as const, role: 'data' as const, name }));
  const creates = ['a', '__proto__'].map((name) => ({
    kind: 'createDatabase' as const,
    name,
    retentionPolicy: { replicaCount: 2, shardDurationNs: 24n * HOUR },
  }));
  const opens = ['x', 'y'].map((name) => ({ kind: 'openIncarnation' as const, holder: name, nowMs: 1, leaseMs: 1 }));
  return [...opens, ...joins, ...creates].map((each, index) => ({ command: each, requestId: `opening-${index}` }));
}

interface Logged {
  readonly command: CatalogCommand;
  readonly requestId: string;
}

/** Applies the log, and shows each step. */
function replay(
  entries: readonly Logged[],
  onStep: (before: Catalog, after: Catalog, entry: Logged) => void = () => undefined,
): Catalog {
  return entries.reduce((before, entry, position) => {
    const { catalog } = applyCatalogCommand(before, entry.command, { index: position + 1, requestId: entry.requestId });
    onStep(before, catalog, entry);
    return catalog;
  }, EMPTY_CATALOG);
}

const policiesOf = (catalog: Catalog) =>
  [...catalog.databases.values()].flatMap(({ retentionPolicies }) => [...retentionPolicies.values()]);
const groupsOf = (catalog: Catalog) => policiesOf(catalog).flatMap(({ shardGroups }) => shardGroups);

function idsOf(catalog: Catalog): number[] {
  return [
    ...catalog.nodes.keys(),
    ...catalog.incarnations.keys(),
    ...[...catalog.databases.values()].map((each) => each.id),
    ...policiesOf(catalog).map((each) => each.id),
    ...groupsOf(catalog).flatMap((group) => [group.id, ...group.shards.map((shard) => shard.id)]),
  ];
}

test('C1: groups of a policy ascend, are disjoint and at most 90 days wide', () => {
  fc.assert(
    fc.property(log, (entries) => {
      replay(entries, (_, after) => {
        for (const { shardGroups } of policiesOf(after)) {
          for (const [index, { range }] of shardGroups.entries()) {
            expect(range.startNs < range.endNs && range.endNs - range.startNs <= SHARD_WINDOW_NS_MAX).toBe(true);
            const next = shardGroups[index + 1];
            if (next !== undefined) expect(range.endNs <= next.range.startNs).toBe(true);
          }
        }
      });
    }),
    PROPERTY_DEFAULTS,
  );
});

test('C2: an id names one thing, lies below the next one, and is never given again', () => {
  fc.assert(
    fc.property(log, (entries) => {
      replay(entries, (before, after) => {
        const ids = idsOf(after);
        expect(new Set(ids).size).toBe(ids.length);
        const known = new Set(idsOf(before));
        for (const each of ids) {
          expect(each).toBeLessThan(after.nextId);
          if (!known.has(each)) expect(each).toBeGreaterThanOrEqual(before.nextId);
        }
      });
    }),
    PROPERTY_DEFAULTS,
  );
});

const dataNodesOf = ({ nodes }: Catalog): readonly number[] =>
  [...nodes.values()].filter(({ role }) => role === 'data').map(({ id }) => id);

test('C3: a shard has owners, different ones, all of them data nodes; a new group loads all of these alike', () => {
  fc.assert(
    fc.property(log, (entries) => {
      replay(entries, (before, after) => {
        for (const { shards } of groupsOf(after)) {
          for (const { owners } of shards) {
            expect(owners.length).toBeGreaterThan(0);
            expect(new Set(owners).size).toBe(owners.length);
            expect(owners.every((owner) => after.nodes.get(owner)?.role === 'data')).toBe(true);
          }
        }
        for (const { shards } of groupsOf(after).filter((group) => group.id >= before.nextId)) {
          const loads = dataNodesOf(after).map(
            (node) => shards.filter(({ owners }) => owners.includes(node)).length,
          );
          expect(new Set(loads).size).toBe(1);
        }
      });
    }),
    PROPERTY_DEFAULTS,
  );
});

test('C4, C7: the version never goes back, and what is not in it is all that may change without it', () => {
  const seen = ({ recentRequests: _, incarnations, ceilingMs: __, ...rest }: Catalog): unknown => ({
    ...rest,
    incarnations: [...incarnations.values()].map(({ id: each, isOpen }) => [each, isOpen]),
  });
  fc.assert(
    fc.property(log, (entries) => {
      let index = 0;
      replay(entries, (before, after, { requestId }) => {
        index += 1;
        expect([before.version, index]).toContain(after.version);
        if (after.version === before.version) expect(seen(after)).toEqual(seen(before));
        if (after.recentRequests.get(requestId)?.kind === 'rejected') expect(after.version).toBe(before.version);
      });
    }),
    PROPERTY_DEFAULTS,
  );
});

test('C5: the same log gives the same catalog, also from a snapshot on', () => {
  fc.assert(
    fc.property(log, fc.nat(), (entries, cut) => {
      const middle = entries.length === 0 ? 0 : cut % entries.length;
      let snapshot = encodeCatalog(EMPTY_CATALOG);
      let position = 0;
      const whole = replay(entries, (_, after) => {
        position += 1;
        if (position === middle) snapshot = encodeCatalog(after);
      });
      const resumed = entries
        .slice(middle)
        .reduce(
          (catalog, entry, offset) =>
            applyCatalogCommand(catalog, entry.command, { index: middle + offset + 1, requestId: entry.requestId })
              .catalog,
          decodeCatalog(snapshot),
        );
      expect(encodeCatalog(resumed)).toEqual(encodeCatalog(whole));
    }),
    PROPERTY_DEFAULTS,
  );
});

test('C6: a log in which every request comes twice gives the catalog of the log in which it comes once', () => {
  const withoutVersion = ({ version: _, ...rest }: Catalog): unknown => rest;
  fc.assert(
    fc.property(log, (entries) => {
      const unique = entries.filter(
        ({ requestId }, index) => entries.findIndex((each) => each.requestId === requestId) === index,
      );
      const doubled = unique.flatMap((entry, index) => [entry, unique[Math.floor(index / 2)]!]);
      expect(withoutVersion(replay(doubled))).toEqual(withoutVersion(replay(unique)));
    }),
    PROPERTY_DEFAULTS,
  );
});

test('C9: ceilings only rise, and a new incarnation starts at the greatest there was', () => {
  fc.assert(
    fc.property(log, (entries) => {
      replay(entries, (before, after, { requestId, command: { kind } }) => {
        expect(after.ceilingMs).toBeGreaterThanOrEqual(before.ceilingMs);
        for (const { id: each, ceilingMs } of after.incarnations.values()) {
          expect(ceilingMs).toBeLessThanOrEqual(after.ceilingMs);
          expect(ceilingMs).toBeGreaterThanOrEqual(before.incarnations.get(each)?.ceilingMs ?? 0);
        }
        const result = after.recentRequests.get(requestId);
        if (kind === 'openIncarnation' && after !== before && result?.kind === 'applied')
          expect(result.floorMs).toBe(before.ceilingMs);
      });
    }),
    PROPERTY_DEFAULTS,
  );
});

test('catalogs and commands read back as they were written', () => {
  fc.assert(
    fc.property(log, (entries) => {
      const catalog = replay(entries);
      expect(decodeCatalog(encodeCatalog(catalog))).toEqual(catalog);
      for (const each of entries) expect(decodeCommand(encodeCommand(each.command))).toEqual(each.command);
    }),
    PROPERTY_DEFAULTS,
  );
});
