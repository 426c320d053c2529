import { createHash } from 'node:crypto';
import {
  decodeCatalog,
  decodeCommand,
  EMPTY_CATALOG,
  encodeCatalog,
  encodeCommand,
  SHARD_WINDOW_NS_MAX,
  type Catalog,
  type CatalogCommand,
  type CommandResult,
} from '@varve/model';
import { PROPERTY_DEFAULTS } from '@varve/testkit';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { applyCatalogCommand, type CommandContext } from './apply-command.ts';
import { anyCommand } from './testing/command-arbitrary.ts';

// Methodology: random logs over few names, so that commands meet: the same database is created, altered, filled and
// dropped, nodes come and go, commands of three sessions come again or late, and the leader's clock jumps. After every
// command the catalog is checked against its numbered invariants (docs/specs/catalog.md).
const HOUR = 3_600_000_000_000n;
const SESSION_COUNT = 3;

interface Logged {
  readonly command: CatalogCommand;
  readonly origin: CommandContext['origin'];
  readonly atMs: number;
}

const anyOrigin = fc.record({
  session: fc.integer({ min: 1, max: SESSION_COUNT }),
  seq: fc.integer({ min: 1, max: 400 }),
  ackedSeq: fc.oneof({ arbitrary: fc.constant(0), weight: 9 }, fc.integer({ min: 0, max: 400 })),
});
const randomPart = fc.array(fc.record({ command: anyCommand, origin: anyOrigin, atMs: fc.integer({ min: 0, max: 3_000_000 }) }), {
  minLength: 10,
  maxLength: 80,
  size: 'max',
});
/** Most logs begin with nodes and databases, so that what follows has something to work on. */
const log: fc.Arbitrary<readonly Logged[]> = fc
  .tuple(fc.integer({ min: 0, max: 4 }), fc.boolean(), randomPart)
  .map(([joined, isRaised, rest]) => [...opening(joined, isRaised), ...rest]);

function opening(joined: number, isRaised: boolean): readonly Logged[] {
  const raises = [{ kind: 'reportFeatureLevel' as const, member: 'meta/1', level: 2 }, { kind: 'raiseFeatureLevel' as const, level: 2 }];
  const sessions = Array.from({ length: SESSION_COUNT }, () => ({ kind: 'openSession' as const, proposer: 'p' }));
  const opens = ['x', 'y'].map((name) => ({ kind: 'openIncarnation' as const, holder: name, nowMs: 1, leaseMs: 1 }));
  const joins = ['n1', 'n2', 'n3', 'n4'].slice(0, joined).map((name, index) => ({
    kind: 'joinNode' as const,
    role: 'data' as const,
    name,
    labels: new Map([['zone', String(index % 2)]]),
    featureLevel: 2,
  }));
  const creates = ['a', '__proto__'].map((name) => ({
    kind: 'createDatabase' as const,
    name,
    retentionPolicy: { replicaCount: 2, shardDurationNs: 24n * HOUR },
  }));
  return [...sessions, ...opens, ...joins, ...(isRaised ? raises : []), ...creates].map((command, index) => ({
    command,
    origin: { session: 1, seq: 1_000 + index, ackedSeq: 0 },
    atMs: 1,
  }));
}

interface Step {
  readonly before: Catalog;
  readonly after: Catalog;
  readonly entry: Logged;
  readonly index: number;
  readonly result: CommandResult;
}

/** Applies the log, and shows each step. */
function replay(entries: readonly Logged[], onStep: (step: Step) => void = () => undefined, from = { catalog: EMPTY_CATALOG, index: 0 }): Catalog {
  return entries.reduce((before, entry, position) => {
    const index = from.index + position + 1;
    const { catalog: after, result } = applyCatalogCommand(before, entry.command, { index, atMs: entry.atMs, origin: entry.origin });
    onStep({ before, after, entry, index, result });
    return after;
  }, from.catalog);
}

const policiesOf = (catalog: Catalog) =>
  [...catalog.databases.values()].flatMap(({ retentionPolicies }) => [...retentionPolicies.values()]);
const groupsOf = (catalog: Catalog) => policiesOf(catalog).flatMap(({ shardGroups }) => shardGroups);

function idsOf(catalog: Catalog): number[] {
  return [
    ...catalog.nodes.keys(),
    ...catalog.incarnations.keys(),
    ...[...catalog.leases.values()].map((each) => each.id),
    ...[...catalog.databases.values()].map((each) => each.id),
    ...policiesOf(catalog).map((each) => each.id),
    ...groupsOf(catalog).flatMap((group) => [group.id, ...group.shards.map((shard) => shard.id)]),
  ];
}

test('C1: groups of a policy ascend, are disjoint and at most 90 days wide', () => {
  fc.assert(
    fc.property(log, (entries) => {
      replay(entries, ({ after }) => {
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
      replay(entries, ({ before, after }) => {
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

test('C3: a shard has owners, different ones, all of them data nodes', () => {
  fc.assert(
    fc.property(log, (entries) => {
      replay(entries, ({ after }) => {
        for (const { shards } of groupsOf(after)) {
          for (const { owners } of shards) {
            expect(owners.length).toBeGreaterThan(0);
            expect(new Set(owners).size).toBe(owners.length);
            expect(owners.every((owner) => after.nodes.get(owner)?.role === 'data')).toBe(true);
          }
        }
      });
    }),
    PROPERTY_DEFAULTS,
  );
});

test('C4, C7: the version never goes back, and what is not in it is all that may change without it', () => {
  const seen = ({ sessions: _, clockMs: __, ceilingMs: ___, incarnations, leases, ...rest }: Catalog): unknown => ({
    ...rest,
    incarnations: [...incarnations.values()].map(({ id: each, isOpen }) => [each, isOpen]),
    leases: [...leases.values()].map(({ id: each, holder }) => [each, holder]),
  });
  fc.assert(
    fc.property(log, (entries) => {
      replay(entries, ({ before, after, index, result }) => {
        expect([before.version, index]).toContain(after.version);
        if (after.version === before.version) expect(seen(after)).toEqual(seen(before));
        if (result.kind === 'rejected') expect(after.version).toBe(before.version);
      });
    }),
    PROPERTY_DEFAULTS,
  );
});

const hashOf = (catalog: Catalog): string => createHash('sha256').update(encodeCatalog(catalog)).digest('hex');

test('C5, K07: the same commands give the same hash, from the start, from any snapshot on, and through their bytes', () => {
  fc.assert(
    fc.property(log, fc.nat(), (entries, cut) => {
      const middle = cut % entries.length;
      let snapshot = encodeCatalog(EMPTY_CATALOG);
      const whole = replay(entries, ({ after, index }) => {
        if (index === middle) snapshot = encodeCatalog(after);
      });
      const read = entries.map((entry) => ({ ...entry, command: decodeCommand(encodeCommand(entry.command)) }));
      const resumed = replay(read.slice(middle), undefined, { catalog: decodeCatalog(snapshot), index: middle });
      expect(hashOf(resumed)).toBe(hashOf(whole));
      expect(hashOf(decodeCatalog(encodeCatalog(whole)))).toBe(hashOf(whole));
    }),
    PROPERTY_DEFAULTS,
  );
});

test('C6, C21: a log in which every command comes twice gives the catalog of the log in which it comes once', () => {
  const withoutPlaces = ({ version: _, ...rest }: Catalog): unknown => rest;
  const keyOf = ({ origin }: Logged): string => JSON.stringify(origin);
  fc.assert(
    fc.property(log, (entries) => {
      const unique = entries.filter((entry, index) => entries.findIndex((each) => keyOf(each) === keyOf(entry)) === index);
      const sessions = unique.slice(0, SESSION_COUNT);
      const rest = unique.slice(SESSION_COUNT);
      const doubled = rest.flatMap((entry, index) => [entry, rest[Math.floor(index / 2)]!]);
      expect(withoutPlaces(replay([...sessions, ...doubled]))).toEqual(withoutPlaces(replay(unique)));
    }),
    PROPERTY_DEFAULTS,
  );
});

test('C15, C18, C35, K04: epochs rise with every change of owners and never fall; the shards of a group stay, or are empty ones in their places', () => {
  const shardsOf = (catalog: Catalog) => new Map(groupsOf(catalog).flatMap((group) => group.shards.map((shard) => [shard.id, shard] as const)));
  const shardIdsOf = (catalog: Catalog) => new Map(groupsOf(catalog).map((group) => [group.id, group.shards.map((shard) => shard.id)]));
  fc.assert(
    fc.property(log, (entries) => {
      replay(entries, ({ before, after, entry: { command } }) => {
        const known = shardsOf(before);
        for (const [id, { owners, epoch }] of shardsOf(after)) {
          const earlier = known.get(id);
          if (earlier === undefined) expect(epoch).toBe(1);
          else expect(epoch - earlier.epoch).toBe(String(owners) === String(earlier.owners) ? 0 : 1);
        }
        const knownIds = shardIdsOf(before);
        for (const [id, shards] of shardIdsOf(after)) {
          const earlier = knownIds.get(id) ?? shards;
          expect(shards.length).toBe(earlier.length);
          const replaced = earlier.filter((shard, place) => shards[place] !== shard);
          if (replaced.length > 0) expect([command.kind, replaced]).toEqual(['dropShard', [Reflect.get(command, 'shard')]]);
        }
      });
    }),
    PROPERTY_DEFAULTS,
  );
});

test('C16: a leaving node gets no new shards, and is gone when it has none', () => {
  fc.assert(
    fc.property(log, (entries) => {
      replay(entries, ({ before, after }) => {
        const owners = new Set(groupsOf(after).flatMap(({ shards }) => shards.flatMap((shard) => shard.owners)));
        for (const { id, isLeaving } of after.nodes.values()) if (isLeaving === true) expect(owners.has(id)).toBe(true);
        const fresh = groupsOf(after).filter(({ id }) => id >= before.nextId).flatMap(({ shards }) => shards.flatMap((shard) => shard.owners));
        for (const owner of fresh) expect(before.nodes.get(owner)?.isLeaving).not.toBe(true);
      });
    }),
    PROPERTY_DEFAULTS,
  );
});

test('C27: the clock is the greatest time that a proposal came with', () => {
  fc.assert(
    fc.property(log, (entries) => {
      replay(entries, ({ before, after, entry }) => expect(after.clockMs).toBe(Math.max(before.clockMs, entry.atMs)));
    }),
    PROPERTY_DEFAULTS,
  );
});

test('C29: a lease is taken from nobody who holds it, and its id rises', () => {
  fc.assert(
    fc.property(log, (entries) => {
      replay(entries, ({ before, after, entry }) => {
        const [held, now] = [before.leases.get('l'), after.leases.get('l')];
        if (held === undefined || entry.command.kind === 'releaseLease') return;
        expect(now!.id).toBeGreaterThanOrEqual(held.id);
        if (now!.holder !== held.holder) expect(after.clockMs).toBeGreaterThanOrEqual(held.untilMs);
        if (now!.id === held.id) expect(now!.untilMs).toBeGreaterThanOrEqual(held.untilMs);
      });
    }),
    PROPERTY_DEFAULTS,
  );
});

test('C2: rights name databases that are there, roles name users that are there', () => {
  fc.assert(
    fc.property(log, (entries) => {
      const catalog = replay(entries);
      for (const { privileges } of [...catalog.users.values(), ...catalog.roles.values()])
        expect([...privileges.keys()].every((name) => catalog.databases.has(name))).toBe(true);
      for (const { members } of catalog.roles.values()) expect(members.every((name) => catalog.users.has(name))).toBe(true);
    }),
    PROPERTY_DEFAULTS,
  );
});

test('C9: ceilings only rise, and a new incarnation starts at the greatest there was', () => {
  fc.assert(
    fc.property(log, (entries) => {
      replay(entries, ({ before, after, result, entry: { command: { kind } } }) => {
        expect(after.ceilingMs).toBeGreaterThanOrEqual(before.ceilingMs);
        for (const { id: each, ceilingMs } of after.incarnations.values()) {
          expect(ceilingMs).toBeLessThanOrEqual(after.ceilingMs);
          expect(ceilingMs).toBeGreaterThanOrEqual(before.incarnations.get(each)?.ceilingMs ?? 0);
        }
        if (kind === 'openIncarnation' && after.version > before.version && result.kind === 'applied')
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
