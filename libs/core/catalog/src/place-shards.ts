import { settingOf, sharedOwners, type Catalog, type NodeId, type Shard, type ShardId } from '@varve/model';
import type { Loads } from './loads.ts';

/*
 * Where the shards of a new group go (C11–C14), in two steps.
 *
 *   1. How many each node gets: one after the other to whom has least, in the group and then in the cluster, as far as its
 *      zone may. A zone may have one owner per shard where there are enough zones, and must have one where there are not.
 *   2. Which: the nodes' numbers are laid out in a row, zone by zone, and dealt to the shards in turn. A run that is no
 *      longer than the number of shards meets none of them twice, and a run at least as long meets each of them.
 */

/** A data node that may get new shards. */
export interface Candidate {
  readonly id: NodeId;
  readonly zone: string;
  /** Shards that it owns already. */
  readonly load: number;
}

interface Share extends Candidate {
  /** Shards of the new group. */
  count: number;
}

/** The data nodes that get new shards, ascending by id. */
export function candidatesOf(catalog: Catalog, loads: Loads): readonly Candidate[] {
  const zoneLabel = settingOf(catalog, 'zone-label');
  return [...catalog.nodes.values()]
    .filter(({ role, isLeaving }) => role === 'data' && isLeaving !== true)
    .map(({ id, labels }) => ({ id, zone: labels?.get(zoneLabel) ?? '', load: loads.get(id) ?? 0 }))
    .sort((left, right) => left.id - right.id);
}

/**
 * The shards of a new group: the fewest with which all nodes can hold the same number. One node makes one shard; fewer
 * nodes than copies hold one copy each. There is at least one candidate.
 */
export function placeShards(
  candidates: readonly Candidate[],
  { firstId, replicaCount }: { readonly firstId: ShardId; readonly replicaCount: number },
): readonly Shard[] {
  const ownerCount = Math.min(replicaCount, candidates.length);
  const shardCount = candidates.length / greatestCommonDivisor(candidates.length, ownerCount);
  const shares = sharesOf(candidates, { shardCount, ownerCount });
  const owners = deal(shares, shardCount);
  const firstCounts = new Map<NodeId, number>();
  return owners.map((nodes, index) => ({ id: firstId + index, owners: withFirst(nodes, firstCounts), epoch: 1 }));
}

function sharesOf(
  candidates: readonly Candidate[],
  { shardCount, ownerCount }: { readonly shardCount: number; readonly ownerCount: number },
): readonly Share[] {
  const shares: Share[] = candidates.map((each) => ({ ...each, count: 0 }));
  const zones = [...new Set(shares.map(({ zone }) => zone))];
  const zoneCounts = new Map(zones.map((zone) => [zone, 0]));
  const give = (takers: readonly Share[]): void => {
    const taker = leastOf(takers.filter(({ count }) => count < shardCount));
    taker.count += 1;
    zoneCounts.set(taker.zone, zoneCounts.get(taker.zone)! + 1);
  };
  const isShort = zones.length < ownerCount;
  if (isShort) {
    for (const zone of zones) {
      const takers = shares.filter((share) => share.zone === zone);
      for (let round = 0; round < shardCount; round += 1) give(takers);
    }
  }
  const zoneCountMax = isShort ? Infinity : shardCount;
  for (let left = shardCount * ownerCount - sumOf(zoneCounts); left > 0; left -= 1) {
    give(shares.filter(({ zone }) => zoneCounts.get(zone)! < zoneCountMax));
  }
  return shares;
}

function leastOf(shares: readonly Share[]): Share {
  return shares.reduce((least, each) => (isLess(each, least) ? each : least));
}

function isLess(left: Share, right: Share): boolean {
  return (left.count - right.count || left.load + left.count - right.load - right.count || left.id - right.id) < 0;
}

/** Shard → its owners, ascending by id. */
function deal(shares: readonly Share[], shardCount: number): readonly (readonly NodeId[])[] {
  const byZone = shares.toSorted((left, right) => compareTexts(left.zone, right.zone) || left.id - right.id);
  const row = byZone.flatMap(({ id, count }) => Array.from({ length: count }, () => id));
  return Array.from({ length: shardCount }, (_, index) =>
    row.filter((_node, position) => position % shardCount === index).sort((left, right) => left - right),
  );
}

/** Readers ask the first owner first, so every node is that for as many shards as the others. */
function withFirst(nodes: readonly NodeId[], firstCounts: Map<NodeId, number>): readonly NodeId[] {
  const countOf = (node: NodeId): number => firstCounts.get(node) ?? 0;
  const first = nodes.reduce((least, each) => (countOf(each) < countOf(least) ? each : least));
  firstCounts.set(first, countOf(first) + 1);
  return sharedOwners([first, ...nodes.filter((node) => node !== first)]);
}

/** By code units: the same order on every machine. */
function compareTexts(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

function sumOf(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((sum, count) => sum + count, 0);
}

function greatestCommonDivisor(left: number, right: number): number {
  return right === 0 ? left : greatestCommonDivisor(right, left % right);
}
