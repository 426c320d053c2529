import type { PlacedShard } from '@varve/placement';
import { expect, test } from 'vitest';
import { turnOf } from './turns.ts';

const shards: readonly PlacedShard[] = Array.from({ length: 11 }, (_, at) => ({
  shard: { id: at + 1, owners: [1, 2], epoch: 1 },
  range: { startNs: BigInt(at), endNs: BigInt(at + 1) },
}));
const idsOf = (round: number, countMax: number): readonly number[] => turnOf(shards, round, countMax).map(({ shard }) => shard.id);

test('all shards fit into a round: the newest come first', () => {
  expect(idsOf(0, 20)).toEqual([11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
});

test('the newest are looked at in every round, and every other one has its turn', () => {
  expect(idsOf(0, 4)).toEqual([11, 10, 9, 8]);
  expect(idsOf(1, 4)).toEqual([11, 10, 7, 6]);
  const seen = new Set([0, 1, 2, 3, 4].flatMap((round) => [...idsOf(round, 4)]));
  expect(seen.size).toBe(11);
  expect(idsOf(5, 4)).toEqual(idsOf(0, 4));
});
