import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ChunkTree, MERGE_DEPTH, type StoredChunkLike } from './chunk-tree.ts';

let lastId = 0;

function chunk(firstSeriesId: number, lastSeriesId: number, more: Partial<StoredChunkLike> = {}): StoredChunkLike {
  lastId += 1;
  return { chunkId: lastId, firstSeriesId, lastSeriesId, minOffsetNs: 0, maxOffsetNs: 9, rowCount: 1, tier: 0, headerSizeBytes: 10, payloadSizeBytes: 50_000, writtenSeq: 1, ...more };
}

function treeOf(...chunks: StoredChunkLike[]): ChunkTree {
  const tree = new ChunkTree();
  for (const each of chunks) tree.add(each);
  return tree;
}

const ids = (chunks: readonly StoredChunkLike[] | undefined): number[] | undefined => chunks?.map(({ chunkId }) => chunkId).sort((left, right) => left - right);
const EVERYTHING = { startOffsetNs: 0, endOffsetNs: 100 };

test('a series has the chunks whose ids and times hold it', () => {
  const [low, high, all, late] = [chunk(1, 3), chunk(4, 7), chunk(0, 9), chunk(1, 3, { minOffsetNs: 50, maxOffsetNs: 60 })];
  const tree = treeOf(low, high, all, late);
  expect(ids(tree.chunksOf(2, EVERYTHING))).toEqual(ids([low, all, late]));
  expect(ids(tree.chunksOf(2, { startOffsetNs: 0, endOffsetNs: 50 }))).toEqual(ids([low, all]));
  expect(ids(tree.chunksOf(2, { startOffsetNs: 60, endOffsetNs: 61 }))).toEqual(ids([late]));
  expect(ids(tree.chunksOf(9, EVERYTHING))).toEqual(ids([all]));
  expect(ids(tree.chunksOf(10, EVERYTHING))).toEqual([]);
  tree.remove(all);
  expect(ids(tree.chunksOf(9, EVERYTHING))).toEqual([]);
});

test('four chunks of one tier over each other are merged, over the narrowest range', () => {
  const over = Array.from({ length: MERGE_DEPTH }, () => chunk(16, 31));
  const tree = treeOf(...over.slice(1), chunk(32, 63), chunk(16, 31, { tier: 1 }));
  expect(tree.planMerge()).toBeUndefined();
  tree.add(over[0]!);
  expect(ids(tree.planMerge())).toEqual(ids(over));
  expect(tree.planMerge()).toBeUndefined(); // once
});

test('chunks of parts of a range count with their part', () => {
  const wide = [chunk(0, 63), chunk(0, 63), chunk(0, 63)];
  const narrow = [chunk(0, 31), chunk(32, 63)];
  expect(ids(treeOf(...wide, narrow[0]!).planMerge())).toBeUndefined();
  expect(ids(treeOf(...wide, ...narrow).planMerge())).toEqual(ids([...wide, ...narrow]));
});

test('where all below a range is too much at a time, the chunks of the range itself are merged', () => {
  const wide = Array.from({ length: 4 }, () => chunk(0, 4_095));
  const narrow = Array.from({ length: 64 }, (_, part) => chunk(part * 64, part * 64 + 63));
  expect(ids(treeOf(...narrow, ...wide).planMerge())).toEqual(ids(wide));
});

test('full chunks of one series are merged only where they overlap, and never for ever', () => {
  const at = (minOffsetNs: number, tier = 0): StoredChunkLike => chunk(5, 5, { minOffsetNs, maxOffsetNs: minOffsetNs + 9, tier });
  const beside = Array.from({ length: 8 }, (_, part) => at(part * 10));
  const tree = treeOf(...beside);
  expect(tree.planMerge()).toBeUndefined();
  const over = Array.from({ length: 3 }, () => at(5));
  for (const each of over) tree.add(each);
  const plan = tree.planMerge();
  expect(ids(plan)).toEqual(ids([beside[0]!, beside[1]!, ...over]));
  for (const each of plan!) tree.remove(each);
  for (let part = 0; part < 5; part += 1) tree.add(at(part * 10, 1));
  expect(tree.planMerge()).toBeUndefined();
});

test('a chunk that is left alone is in no plan, and does not bring one about', () => {
  const over = Array.from({ length: MERGE_DEPTH }, () => chunk(16, 31));
  const tree = treeOf(...over);
  tree.leaveAlone(over[0]!);
  expect(tree.planMerge()).toBeUndefined();
  const more = chunk(16, 31);
  tree.add(more);
  expect(ids(tree.planMerge())).toEqual(ids([...over.slice(1), more]));
  expect(ids(tree.chunksOf(20, EVERYTHING))).toEqual(ids([...over, more])); // it is still read
});

test('F12: a merge takes a bounded number of chunks, bytes and rows, and the next one goes on', () => {
  const tree = treeOf(...Array.from({ length: 200 }, () => chunk(0, 4_095)));
  for (let left = 200; left >= MERGE_DEPTH; ) {
    const plan = tree.planMerge()!;
    expect(plan.length).toBeLessThanOrEqual(64);
    expect(plan.reduce((sum, { payloadSizeBytes }) => sum + payloadSizeBytes, 0)).toBeLessThanOrEqual(1_024 * 1_024);
    for (const each of plan) tree.remove(each);
    left -= plan.length;
  }
  expect(tree.planMerge()).toBeUndefined();
});

test('Y5: a chunk that was given up is in no merge any more, whatever comes to lie over it; the others are', () => {
  const damaged = chunk(5, 5);
  const tree = treeOf(damaged, chunk(5, 5), chunk(5, 5));
  tree.giveUp(damaged);
  expect(tree.find(damaged.chunkId)).toBe(damaged);
  expect(ids(tree.chunksOf(5, EVERYTHING))).toContain(damaged.chunkId);
  const others = [chunk(5, 5), chunk(5, 5)];
  for (const each of others) tree.add(each);
  const plan = ids(tree.planMerge())!;
  expect(plan.length).toBeGreaterThanOrEqual(MERGE_DEPTH);
  expect(plan).not.toContain(damaged.chunkId);
});

// Methodology: flushes of any width, each a set of aligned ranges, merged as planned into chunks of half the width (twice the
// rows no longer fit) or of the same.
test('F12: merges end, and a row is rewritten about once per factor of four that its series grows by', () => {
  const flush = fc.record({ level: fc.integer({ min: 0, max: 6 }), start: fc.nat(3), splits: fc.boolean() });
  fc.assert(
    fc.property(fc.array(flush, { minLength: 1, maxLength: 300, size: 'max' }), (flushes) => {
      const tree = new ChunkTree();
      let rewritten = 0;
      for (const { level, start, splits } of flushes) {
        tree.add(chunk(start * 2 ** level, (start + 1) * 2 ** level - 1, { rowCount: 1 }));
        for (let plan = tree.planMerge(); plan !== undefined; plan = tree.planMerge()) {
          expect(new Set(plan.map(({ tier }) => tier)).size).toBe(1);
          const rowCount = plan.reduce((sum, each) => sum + each.rowCount, 0);
          rewritten += rowCount;
          for (const each of plan) tree.remove(each);
          const [first, last] = [Math.min(...plan.map(({ firstSeriesId }) => firstSeriesId)), Math.max(...plan.map(({ lastSeriesId }) => lastSeriesId))];
          const middle = first + Math.floor((last - first) / 2);
          const tier = plan[0]!.tier + 1;
          if (splits && middle < last) {
            tree.add(chunk(first, middle, { tier, rowCount: rowCount / 2 }));
            tree.add(chunk(middle + 1, last, { tier, rowCount: rowCount / 2 }));
          } else tree.add(chunk(first, last, { tier, rowCount }));
        }
      }
      expect(rewritten).toBeLessThanOrEqual(flushes.length * 6);
    }),
    { numRuns: 200 },
  );
});
