import type { Tombstone, Version } from '@varve/model';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readBlocks } from './chunk/read-chunk.ts';
import { anyRows, anyTombstone, markOf } from './testing/arbitraries.ts';
import { expectSame } from './testing/expect-same.ts';
import { deleteOf, frameOf, type TestRow } from './testing/frames.ts';
import { ShardNode } from './testing/shard-node.ts';

const rowAt = (offsetNs: number, f: number, key = 'cpu,host=a'): TestRow => ({ key, offsetNs, fields: { f } });
const S = (wallMs: number): Version => ({ wallMs, counter: 0, incarnation: 0 });

/** Of all rows in chunks: [time, milliseconds of the version], in no order that means anything; S is 'S' and its own. */
function versionsOf({ shard }: ShardNode): (readonly [offsetNs: number, version: string])[] {
  return shard.chunkIds.flatMap((chunkId) => {
    const header = shard.bytes.header(chunkId)!;
    const pages = Array.from({ length: header.pageStarts.length - 1 }, (_, page) => readBlocks(header, shard.bytes.payload(chunkId)!, page));
    return pages.flatMap(({ offsetsNs, versions: { versions, ordinals } }) =>
      Array.from(offsetsNs, (offsetNs, row) => {
        const { wallMs, incarnation } = versions[ordinals[row]!]!;
        return [offsetNs, `${incarnation === 0 ? 'S' : ''}${wallMs}`] as const;
      }));
  });
}

test('S13: a merge below S leaves one version; frames that come later win, and the file alone says so after a crash', () => {
  const node = new ShardNode();
  for (const wallMs of [10, 11, 12, 13]) {
    node.write(wallMs, [rowAt(wallMs, wallMs), rowAt(1, wallMs)]);
    node.flush();
  }
  node.table.raiseWatermark(S(20));
  node.merge();
  expect(versionsOf(node)).toEqual([[1, 'S20'], [10, 'S20'], [11, 'S20'], [12, 'S20'], [13, 'S20']]);
  expectSame(node);
  node.crash();
  expect(node.table.watermark, 'S6: it is in the file that relies on it').toEqual(S(20));
  expect(node.table.isLate(frameOf(markOf(9, 19), [rowAt(1, 1)]))).toBe(true);
  node.write(20, [rowAt(1, 20)]);
  expectSame(node);
});

test('without a watermark, and above it, every row keeps its version', () => {
  const node = new ShardNode();
  for (const wallMs of [10, 11, 12, 13]) {
    node.write(wallMs, [rowAt(wallMs, wallMs)]);
    node.flush();
    if (wallMs === 11) node.table.raiseWatermark(S(11));
  }
  node.merge();
  expect(versionsOf(node)).toEqual([[10, 'S11'], [11, '11'], [12, '12'], [13, '13']]);
});

test('S12: the bound is below what is in the memtable', () => {
  const node = new ShardNode();
  for (const wallMs of [10, 15, 16, 17]) {
    node.write(wallMs, [rowAt(wallMs, wallMs)]);
    node.flush();
  }
  node.write(15, [rowAt(16, -1), rowAt(10, -1)]);
  node.table.raiseWatermark(S(20));
  node.merge();
  expect(versionsOf(node)).toEqual([[10, 'S15'], [15, '15'], [16, '16'], [17, '17']]);
  expectSame(node);
  node.crash();
  node.flush();
  expectSame(node);
});

test.each(['rows', 'a delete'] as const)('S6: what a merge stores of S is not above %s that only the journal has', (kind) => {
  const node = new ShardNode();
  for (const wallMs of [10, 11, 12, 13]) {
    node.write(wallMs, [rowAt(wallMs, wallMs)]);
    node.flush();
  }
  if (kind === 'rows') node.write(12, [rowAt(1, 1)]);
  else node.delete(12, { endOffsetNs: 11 });
  node.table.raiseWatermark(S(20));
  node.merge();
  expect(versionsOf(node).map(([, version]) => version)).toContain('S12');
  node.loseJournal();
  expect(node.table.watermark).toEqual(S(12));
  expectSame(node);
});

test('S14: rows keep their versions within the times of a chunk that is not merged with them, and only there', () => {
  const node = new ShardNode();
  node.write(30, [rowAt(12, 30), rowAt(14, 30)]);
  for (const wallMs of [11, 12, 13, 14]) {
    if (wallMs === 14) node.write(29, [rowAt(13, 29)]);
    node.write(wallMs, [rowAt(wallMs, wallMs), rowAt(13, wallMs, 'mem')]);
    node.flush();
  }
  node.merge(); // A chunk of tier 1 with 11 to 14, of which 12 and 14 are of version 30.
  for (const offsetNs of [10, 13, 15, 16]) {
    node.write(20, [rowAt(offsetNs, 20)]);
    node.flush();
  }
  node.table.raiseWatermark(S(40));
  node.merge();
  const merged = versionsOf(node).slice(-4);
  expect(merged.map(([offsetNs, version]) => `${offsetNs}: ${version}`)).toEqual(['10: S40', '13: 20', '15: S40', '16: S40']);
  expectSame(node);
});

test('S15: fields of one time that came apart become one row', () => {
  const node = new ShardNode();
  for (const [index, name] of ['f', 'f2', 'i', 's'].entries()) {
    node.write(10 + index, [{ key: 'cpu', offsetNs: 1, fields: { [name]: name === 's' ? 'text' : 1 } }]);
    node.flush();
  }
  node.table.raiseWatermark(S(20));
  node.merge();
  expect(versionsOf(node)).toEqual([[1, 'S20']]);
  expectSame(node);
});

test('a frame below S is late when it has rows or is a delete; a void is not', () => {
  const { table } = new ShardNode();
  const [late, inTime] = [markOf(0, 19), markOf(0, 20)];
  const tombstone: Tombstone = { measurement: undefined, series: { kind: 'all' }, startOffsetNs: 0, endOffsetNs: 9 };
  const all = (mark: typeof late): boolean[] => [frameOf(mark, [rowAt(1, 1)]), deleteOf(mark, tombstone), frameOf(mark, [])].map((frame) => table.isLate(frame));
  expect(all(late)).toEqual([false, false, false]);
  table.raiseWatermark(S(20));
  expect([all(late), all(inTime)]).toEqual([[true, true, false], [false, false, false]]);
  table.raiseWatermark(S(10));
  expect(table.watermark, 'S6: it never goes back').toEqual(S(20));
});

// Methodology: frames in any order of versions above S, each flushed or not, deletes among them; S moves, merges run, the process
// dies, or its journal is lost and peers bring what only that had. The shard must read as if every frame had been applied cell by
// cell. Few times, so that chunks meet.
test('S6, S12–S15: with S moving at random no answer changes, also for what comes later', () => {
  let settledCount = 0;
  const step = fc.oneof(
    { arbitrary: fc.record({ content: anyRows, aboveMs: fc.nat(8), isFlushed: fc.boolean() }), weight: 8 },
    { arbitrary: fc.record({ content: anyTombstone, aboveMs: fc.nat(8), isFlushed: fc.boolean() }), weight: 1 },
    { arbitrary: fc.record({ raisedByMs: fc.nat(9) }), weight: 3 },
    { arbitrary: fc.constantFrom('merge' as const, 'merge' as const, 'crash' as const, 'lose the journal' as const), weight: 5 },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
      const node = new ShardNode();
      let floorMs = 1_000;
      for (const next of steps) {
        if (next === 'merge') node.merge();
        else if (next === 'crash') node.crash();
        else if (next === 'lose the journal') node.loseJournal();
        else if ('raisedByMs' in next) node.table.raiseWatermark(S((floorMs += next.raisedByMs)));
        else {
          const wallMs = floorMs + next.aboveMs;
          if (Array.isArray(next.content)) node.write(wallMs, next.content);
          else node.delete(wallMs, next.content);
          if (next.isFlushed) node.flush();
        }
        if (typeof next === 'string') expectSame(node);
      }
      expectSame(node);
      settledCount += versionsOf(node).filter(([, version]) => version.startsWith('S')).length;
      node.table.raiseWatermark(S(floorMs + 99));
      node.flush();
      node.merge();
      node.crash();
      expectSame(node);
    }),
    { numRuns: 150 },
  );
  expect(settledCount).toBeGreaterThan(100);
});
