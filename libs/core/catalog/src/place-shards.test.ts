import { EMPTY_CATALOG, type Catalog, type ClusterNode, type NodeId, type Shard } from '@varve/model';
import { PROPERTY_DEFAULTS } from '@varve/testkit';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { loadsOf } from './loads.ts';
import { candidatesOf, placeShards, type Candidate } from './place-shards.ts';
import { AppliedLog } from './testing/applied-log.ts';

// Methodology: a checker that knows the rules and no algorithm. It counts, and where two nodes differ by more than one it
// wants the zones' reason for that.
const cluster = fc
  .array(fc.record({ zone: fc.constantFrom('', 'a', 'b', 'c', 'd'), load: fc.nat(50) }), { minLength: 1, maxLength: 9 })
  .map((nodes) => nodes.map((node, index): Candidate => ({ id: index + 1, ...node })));
const replicaCount = fc.integer({ min: 1, max: 6 });

const place = (candidates: readonly Candidate[], count: number): readonly Shard[] =>
  placeShards(candidates, { firstId: 100, replicaCount: count });

function countsOf(shards: readonly Shard[], isCounted: (owner: NodeId) => boolean): number {
  return shards.reduce((sum, { owners }) => sum + owners.filter(isCounted).length, 0);
}

test('C11, C12: a shard has min(N, nodes) owners, in as many zones as there can be', () => {
  fc.assert(
    fc.property(cluster, replicaCount, (candidates, count) => {
      const zoneOf = new Map(candidates.map(({ id, zone }) => [id, zone]));
      const zoneCount = new Set(zoneOf.values()).size;
      const ownerCount = Math.min(count, candidates.length);
      for (const { owners } of place(candidates, count)) {
        expect(new Set(owners).size).toBe(ownerCount);
        expect(owners).toHaveLength(ownerCount);
        expect(new Set(owners.map((owner) => zoneOf.get(owner))).size).toBe(Math.min(ownerCount, zoneCount));
      }
    }),
    { ...PROPERTY_DEFAULTS, numRuns: 1_000 },
  );
});

test('C13: two nodes differ by at most one shard of a group, unless their zones want it so; surplus goes to who owns less', () => {
  fc.assert(
    fc.property(cluster, replicaCount, (candidates, count) => {
      const shards = place(candidates, count);
      const isShortOfZones = new Set(candidates.map(({ zone }) => zone)).size < Math.min(count, candidates.length);
      const zoneOf = new Map(candidates.map(({ id, zone }) => [id, zone]));
      const inZone = (zone: string): number => countsOf(shards, (owner) => zoneOf.get(owner) === zone);
      const own = (id: NodeId): number => countsOf(shards, (owner) => owner === id);
      for (const more of candidates) {
        for (const less of candidates) {
          const difference = own(more.id) - own(less.id);
          if (more.zone === less.zone && difference === 1) {
            expect(more.load < less.load || (more.load === less.load && more.id < less.id)).toBe(true);
          }
          if (difference <= 1) continue;
          expect(more.zone).not.toBe(less.zone);
          expect(inZone(isShortOfZones ? more.zone : less.zone)).toBe(shards.length);
        }
      }
    }),
    { ...PROPERTY_DEFAULTS, numRuns: 1_000 },
  );
});

test('C13: without zones every node gets the same, with the fewest shards for that', () => {
  const greatestCommonDivisor = (left: number, right: number): number => (right === 0 ? left : greatestCommonDivisor(right, left % right));
  fc.assert(
    fc.property(cluster, replicaCount, (candidates, count) => {
      const plain = candidates.map((each) => ({ ...each, zone: '' }));
      const shards = place(plain, count);
      expect(new Set(plain.map(({ id }) => countsOf(shards, (owner) => owner === id))).size).toBe(1);
      const ownerCount = Math.min(count, plain.length);
      expect(shards).toHaveLength(plain.length / greatestCommonDivisor(plain.length, ownerCount));
    }),
    PROPERTY_DEFAULTS,
  );
});

test('C14: the order in which nodes stand in a Map decides nothing', () => {
  const catalogOf = (nodes: readonly ClusterNode[]): Catalog => ({ ...EMPTY_CATALOG, nodes: new Map(nodes.map((node) => [node.id, node])) });
  fc.assert(
    fc.property(cluster, replicaCount, fc.infiniteStream(fc.nat()), (candidates, count, order) => {
      const nodes = candidates.map(({ id, zone }): ClusterNode => ({ id, role: 'data', name: `n${id}`, labels: new Map([['zone', zone]]) }));
      const shuffled = nodes.map((node) => ({ node, key: order.next().value })).sort((left, right) => left.key - right.key).map(({ node }) => node);
      const loads = new Map(candidates.map(({ id, load }) => [id, load]));
      expect(place(candidatesOf(catalogOf(shuffled), loads), count)).toEqual(place(candidatesOf(catalogOf(nodes), loads), count));
    }),
    PROPERTY_DEFAULTS,
  );
});

test('every node is asked first for about as many shards as the others', () => {
  const firsts = place([1, 2, 3, 4, 5].map((id) => ({ id, zone: '', load: 0 })), 3).map(({ owners }) => owners[0]!);
  expect(firsts.toSorted()).toEqual([1, 2, 3, 4, 5]);
});

/** A cluster of nodes in these zones, whose policy `autogen` of database `a` has so many copies. */
function clusterOf(zones: readonly string[], count: number): AppliedLog {
  const on = new AppliedLog();
  for (const [index, zone] of zones.entries()) on.run({ kind: 'joinNode', role: 'data', name: `n${index}`, labels: new Map([['zone', zone]]) });
  on.run({ kind: 'createDatabase', name: 'a', retentionPolicy: { replicaCount: count, shardDurationNs: 3_600_000_000_000n } });
  return on;
}
const group = (number: number) => ({ kind: 'createShardGroups' as const, database: 'a', retentionPolicy: 'autogen', timesNs: [BigInt(number) * 3_600_000_000_000n] });

test('C12: a zone that is lost takes one owner of a shard at most, while there are enough zones', () => {
  const on = clusterOf(['x', 'x', 'y', 'y'], 2);
  on.run(group(0));
  expect(on.owners()).toEqual(['1-3 2-4']);
  on.run({ kind: 'labelNode', node: 2, labels: new Map([['zone', 'z']]) });
  on.run({ kind: 'setSetting', key: 'zone-label', value: 'rack' });
  on.run(group(1)); // no node has that label: all are in one zone
  expect(on.owners()[1]).toBe('1-3 2-4');
});

test('C12: where zones are fewer than copies each zone has one, where they are more the fuller ones wait', () => {
  const few = clusterOf(['x', 'y', 'y', 'y', 'y'], 3);
  few.run(group(0));
  for (const owners of few.owners()[0]!.split(' ')) expect(owners.split('-')).toContain('1');
  const small = clusterOf(['x', 'y', 'z', 'z', 'z', 'z'], 2);
  small.run(group(0));
  const zoneOf = (owner: string): string => (Number(owner) > 2 ? 'z' : owner);
  for (const owners of small.owners()[0]!.split(' ')) expect(new Set(owners.split('-').map(zoneOf)).size).toBe(2);
});

test('C13: a newcomer has its share of the next group, not all of it', () => {
  const on = clusterOf(['', '', ''], 2);
  for (let number = 0; number < 10; number += 1) on.run(group(number));
  on.run({ kind: 'joinNode', role: 'data', name: 'late' });
  const late = on.catalog.nextId - 1;
  on.run(group(10));
  expect(on.policy().shardGroups.at(-1)!.shards.filter(({ owners }) => owners.includes(late))).toHaveLength(1);
  expect(on.policy().shardGroups.at(-1)!.shards).toHaveLength(2);
});

test('C14: what is remembered of who owns how much is what there is', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom('group', 'policy', 'fields', 'drop', 'own') , fc.nat(20)), { maxLength: 30 }), (steps) => {
      const on = clusterOf(['x', 'x', 'y'], 2);
      on.run({ kind: 'createDatabase', name: 'b' });
      for (const [kind, number] of steps) {
        if (kind === 'group') on.run(group(number));
        if (kind === 'policy') on.run({ ...group(number), database: 'b' });
        if (kind === 'fields') on.run({ kind: 'registerFields', database: 'b', retentionPolicy: 'autogen', fields: [{ measurement: 'm', field: `f${number}`, type: 'float' }] });
        if (kind === 'drop') on.run({ kind: 'dropShardGroups', database: 'a', retentionPolicy: 'autogen', groupIds: on.policy().shardGroups.slice(0, 1).map(({ id }) => id) });
        if (kind === 'own') for (const { id, epoch } of on.policy().shardGroups[0]?.shards ?? []) on.run({ kind: 'setShardOwners', database: 'a', retentionPolicy: 'autogen', shard: id, epoch, owners: [(number % 3) + 1] });
      }
      const counted = [...on.catalog.databases.values()].flatMap(({ retentionPolicies }) => [...retentionPolicies.values()]).flatMap(({ shardGroups }) => shardGroups.flatMap(({ shards }) => shards));
      for (const node of on.catalog.nodes.keys()) expect(loadsOf(on.catalog).get(node) ?? 0).toBe(countsOf(counted, (owner) => owner === node));
    }),
    PROPERTY_DEFAULTS,
  );
});
