import { EMPTY_VECTOR, hasMutation, NO_WATERMARK } from '@varve/model';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { anyRows, anyTombstone, anyWallMs, markOf } from './testing/arbitraries.ts';
import type { ChunkBytes } from './read-pieces.ts';
import { expectSame, readSlice } from './testing/expect-same.ts';
import { cellsOf, deleteOf, frameOf, type TestRow } from './testing/frames.ts';
import { flush, MemoryShard, mergeAll, packed } from './testing/memory-shard.ts';
import { NaiveShard } from './testing/naive-shard.ts';
import { ShardTable } from './shard-table.ts';
import { WantedFields } from './wanted-fields.ts';

const KEY = 'cpu,host=a';
const rowAt = (offsetNs: number, f: number, key = KEY): TestRow => ({ key, offsetNs, fields: { f } });

/** A table, its file and journal, and what both should hold. Frames get ascending versions unless told otherwise. */
class Node {
  readonly shard = new MemoryShard();
  readonly naive = new NaiveShard();
  table = this.shard.open();
  #frameCount = 0;

  write(rows: readonly TestRow[], wallMs = 1_000 + this.#frameCount): void {
    const mark = markOf(this.#frameCount, wallMs);
    this.#frameCount += 1;
    const seq = this.table.lastSeq + 1;
    this.shard.append(seq, frameOf(mark, rows));
    this.naive.write(mark.version, rows);
    this.table.insert(frameOf(mark, rows), seq);
  }

  crash(): void {
    this.table = this.shard.open();
  }
}

test('F1, F6: a crash before the commit leaves the file as it was, and every row in the journal', () => {
  const node = new Node();
  node.write([rowAt(1, 10)]);
  const job = node.table.beginFlush()!;
  expect(packed(job, node.shard)).toHaveLength(1);
  node.crash();
  expect([node.shard.flushedSeq, node.shard.chunkCount, node.table.memtableRowCount]).toEqual([0, 0, 1]);
  expectSame(node);
});

test('F1, F2: after the commit the file alone has the rows, their series and exactly their mutations', () => {
  const node = new Node();
  node.write([rowAt(1, 10)]);
  node.write([rowAt(2, 20, 'mem')]);
  const job = node.table.beginFlush()!;
  node.write([rowAt(3, 30)]);
  const { series, flushedSeq, vector } = job.change;
  node.shard.commit(job.change, packed(job, node.shard));
  expect([flushedSeq, series.map(({ key }) => key)]).toEqual([2, [KEY, 'mem']]);
  expect([0, 1, 2].map((index) => hasMutation(vector, markOf(index, 0).incarnation, markOf(index, 0).number))).toEqual([
    true,
    true,
    false,
  ]);
  node.crash();
  expect([node.table.flushedSeq, node.table.lastSeq, node.table.memtableRowCount]).toEqual([2, 3, 1]);
  expectSame(node);
});

test('F3, F4: rows are readable at every step of a flush, and those that came meanwhile stay in the memtable', () => {
  const node = new Node();
  node.write([rowAt(1, 10), rowAt(2, 20)]);
  const job = node.table.beginFlush()!;
  expectSame(node);
  node.write([rowAt(2, 21), rowAt(3, 30)]);
  expectSame(node);
  const chunks = packed(job, node.shard);
  expectSame(node);
  const stored = node.shard.commit(job.change, chunks);
  expectSame(node);
  node.table.completeFlush(job, stored);
  expectSame(node);
  expect([node.table.flushedSeq, node.table.lastSeq, node.table.memtableRowCount]).toEqual([1, 2, 2]);
});

test('F5: an abandoned flush changes nothing, and the next one has its rows and the later ones', () => {
  const node = new Node();
  node.write([rowAt(1, 10)]);
  const job = node.table.beginFlush()!;
  node.write([rowAt(1, 11), rowAt(2, 20)]);
  const sizeBytes = node.table.memtableSizeBytes;
  node.table.abandonFlush(job);
  expect([node.table.flushedSeq, node.table.memtableRowCount, node.table.memtableSizeBytes]).toEqual([0, 3, sizeBytes]);
  expectSame(node);
  flush(node.table, node.shard);
  expect([node.table.flushedSeq, node.table.memtableRowCount, node.table.memtableSizeBytes]).toEqual([2, 0, 0]);
  expectSame(node);
});

test('F6: rows that a crash brought back to the journal below flushedSeq are not replayed', () => {
  const node = new Node();
  node.write([rowAt(1, 10)]);
  flush(node.table, node.shard);
  node.write([rowAt(2, 20)]);
  node.crash(); // Nothing was trimmed: the journal still has both rows.
  expect(node.table.memtableRowCount).toBe(1);
  expectSame(node);
  node.shard.trim();
  node.crash();
  expectSame(node);
});

test('F7: a repeated mutation changes nothing, and a flush covers its journal row', () => {
  const node = new Node();
  node.write([rowAt(1, 10)]);
  flush(node.table, node.shard);
  const again = frameOf(markOf(0, 1_000), [rowAt(1, 10)]);
  const vector = node.table.vector;
  expect(node.table.insert(again, 2)).toBe(false);
  expect([node.table.memtableRowCount, node.table.vector === vector]).toEqual([0, true]);
  flush(node.table, node.shard);
  expect([node.shard.flushedSeq, node.shard.chunkCount]).toEqual([2, 1]);
  expect(node.table.beginFlush()).toBeUndefined();
});

test('F7: a void frame is remembered and leaves no chunk', () => {
  const node = new Node();
  node.write([]);
  flush(node.table, node.shard);
  node.crash();
  expect([node.table.flushedSeq, node.shard.chunkCount, hasMutation(node.table.vector, 1, 1)]).toEqual([1, 0, true]);
});

test('F8: series that no flush had get their ids anew after a crash, and never the id of another', () => {
  const node = new Node();
  node.write([rowAt(1, 10, 'cpu,host=a')]);
  flush(node.table, node.shard);
  node.write([rowAt(1, 20, 'cpu,host=b'), rowAt(1, 30, 'cpu,host=c')]);
  node.crash();
  node.write([rowAt(1, 40, 'cpu,host=d')]);
  flush(node.table, node.shard);
  node.crash();
  const ids = node.table.series('cpu', { kind: 'all' }).map(({ seriesId }) => seriesId);
  expect(new Set(ids).size).toBe(4);
  expectSame(node);
});

test('F9: a merge leaves fewer chunks, the same cells, and the state of the file', () => {
  const node = new Node();
  for (let round = 0; round < 8; round += 1) {
    node.write([rowAt(round, round), rowAt(3, round), rowAt(round, round, 'mem')]);
    flush(node.table, node.shard);
  }
  const { flushedSeq } = node.shard;
  const { vector } = node.table;
  expect(node.shard.chunkCount).toBe(16);
  node.write([rowAt(3, -1)]);
  mergeAll(node.table, node.shard);
  expect([node.shard.chunkCount, node.shard.flushedSeq, node.table.flushedSeq]).toEqual([2, flushedSeq, flushedSeq]);
  expectSame(node);
  expect(node.shard.vector).toEqual(vector);
  node.crash();
  expectSame(node);
});

test('F9, F13: an abandoned merge leaves the old chunks, and is tried again when the series gets new ones', () => {
  const node = new Node();
  for (let round = 0; round < 4; round += 1) {
    node.write([rowAt(round, round)]);
    flush(node.table, node.shard);
  }
  const job = node.table.planMerge()!;
  node.table.abandonMerge(job);
  expectSame(node);
  expect(node.table.planMerge()).toBeUndefined();
  node.write([rowAt(9, 9)]);
  flush(node.table, node.shard);
  mergeAll(node.table, node.shard);
  expect(node.shard.chunkCount).toBe(1);
  expectSame(node);
});

test('Y5: a damaged chunk is given up, says which rows it has, and keeps no other chunk from being merged', () => {
  const node = new Node();
  node.write([rowAt(3, 1), rowAt(8, 1, 'cpu,host=b')]);
  flush(node.table, node.shard);
  const [damaged] = node.shard.chunkIds;
  expect(node.table.giveUp(damaged! + 1)).toBeUndefined();
  expect(node.table.giveUp(damaged!)).toEqual({ measurement: 'cpu', minOffsetNs: 3, maxOffsetNs: 8 });
  for (let round = 0; round < 4; round += 1) {
    node.write([rowAt(round, round), rowAt(round, round, 'cpu,host=b')]);
    flush(node.table, node.shard);
  }
  mergeAll(node.table, node.shard);
  expect(node.shard.chunkIds).toEqual([damaged, damaged! + 5]);
  expectSame(node);
});

// Constant values take no room, so a chunk is full by its rows; random ones fill it by bytes. Neither becomes fewer by a merge.
test.each([['constant', () => 1], ['random', (row: number) => Math.sin(row) * 1e9]])('F12: merges of one long series of %s values end', (_name, valueOf) => {
  const shard = new MemoryShard();
  const table = shard.open();
  let merged = 0;
  for (let seq = 1; seq <= 60; seq += 1) {
    table.insert(frameOf(markOf(seq, 1_000 + seq), Array.from({ length: 4_000 }, (_, row) => rowAt(seq * 4_000 + row, valueOf(row)))), seq);
    if (seq % 5 === 0) flush(table, shard);
    for (let job = table.planMerge(); job !== undefined; job = table.planMerge()) {
      merged += 1;
      expect(merged).toBeLessThan(50);
      table.completeMerge(job, shard.commit(job.change, packed(job, shard)));
    }
  }
  expect(readSlice({ table, shard }, 1).offsetsNs.length).toBe(240_000);
});

test('F15: a job that is packed again gives the same chunks, whatever came meanwhile', () => {
  const node = new Node();
  const wallMs = (at: number): number => 1_000 + at;
  const meanwhile = (at: number): void => {
    node.write([rowAt(1, at), rowAt(at, at, `cpu,host=new${at}`), rowAt(at, at, 'mem')], wallMs(at));
    const mark = markOf(1_000 + at, wallMs(at));
    node.table.insert(deleteOf(mark, { measurement: 'cpu', series: { kind: 'all' }, startOffsetNs: 0, endOffsetNs: 9 }), node.table.lastSeq + 1);
    node.table.raiseWatermark({ wallMs: wallMs(at), counter: 0, incarnation: 0 });
  };
  node.write([rowAt(1, 10), rowAt(2, 20), rowAt(3, 30, 'mem')]);
  meanwhile(5);
  for (let round = 10; round < 18; round += 1) {
    node.write([rowAt(1, round), rowAt(2, round, 'mem')], wallMs(round));
    const job = node.table.beginFlush()!;
    const chunks = packed(job, node.shard);
    meanwhile(round);
    expect(packed(job, node.shard)).toEqual(chunks);
    node.table.completeFlush(job, node.shard.commit(job.change, chunks));
  }
  const merge = node.table.planMerge()!;
  const chunks = packed(merge, node.shard);
  meanwhile(30);
  expect(packed(merge, node.shard)).toEqual(chunks);
});

test('F5: what abandoned flushes have left goes with the next one, in one piece', () => {
  const node = new Node();
  const abandoned = (): void => {
    const job = node.table.beginFlush()!;
    node.write([rowAt(node.table.lastSeq, 1), rowAt(5, node.table.lastSeq, 'mem')]);
    node.table.abandonFlush(job);
  };
  node.write([rowAt(1, 10)]);
  for (let count = 0; count < 3; count += 1) abandoned();
  const sizeBytes = node.table.memtableSizeBytes;
  const job = node.table.beginFlush()!;
  expect([job.input.frames.length, node.table.memtableSizeBytes]).toEqual([4, sizeBytes]);
  node.table.completeFlush(job, node.shard.commit(job.change, packed(job, node.shard)));
  expect([node.table.memtableRowCount, node.table.memtableSizeBytes]).toEqual([0, 0]);
  expectSame(node);
  node.crash();
  expectSame(node);
});

test('F10: a second job while one is under way, or the end of one that is not, is a bug', () => {
  const node = new Node();
  node.write([rowAt(1, 10)]);
  const job = node.table.beginFlush()!;
  expect(() => node.table.beginFlush()).toThrow('under way');
  expect(() => node.table.planMerge()).toThrow('under way');
  node.crash();
  expect(() => node.table.abandonFlush(job)).toThrow('not under way');
});

test('F10: a journal row out of order is a bug', () => {
  const { table } = new Node();
  expect(() => table.insert(frameOf(markOf(0, 1), []), 2)).toThrow('journal row 2 after 0');
});

// Methodology: the same frames in two orders, with duplicates, cut differently by flushes and merges.
test('F11, D3: the order in which frames arrive, deletes among them, changes no answer', () => {
  const frames = fc.array(fc.tuple(fc.oneof({ arbitrary: anyRows, weight: 3 }, { arbitrary: anyTombstone, weight: 1 }), anyWallMs), { minLength: 1, maxLength: 8 });
  const arrivals = frames.chain((list) => fc.tuple(fc.constant(list), orderOf(list.length), orderOf(list.length)));
  fc.assert(
    fc.property(arrivals, ([list, ...orders]) => {
      const naive = new NaiveShard();
      for (const [index, [content, wallMs]] of list.entries()) {
        if (Array.isArray(content)) naive.write(markOf(index, wallMs).version, content);
        else naive.delete(markOf(index, wallMs).version, content);
      }
      for (const order of orders) {
        const shard = new MemoryShard();
        const table = shard.open();
        for (const { frame, isFlushed } of order) {
          const [content, wallMs] = list[frame]!;
          const mark = markOf(frame, wallMs);
          table.insert(Array.isArray(content) ? frameOf(mark, content) : deleteOf(mark, content), table.lastSeq + 1);
          if (isFlushed) flush(table, shard);
        }
        mergeAll(table, shard);
        expectSame({ table, shard, naive });
      }
    }),
    { numRuns: 300 },
  );
});

/** Every index at least once, some twice. */
function orderOf(length: number): fc.Arbitrary<{ frame: number; isFlushed: boolean }[]> {
  const all = Array.from({ length }, (_, index) => index);
  return fc
    .tuple(fc.shuffledSubarray(all, { minLength: length }), fc.subarray(all))
    .chain(([order, again]) =>
      fc.tuple(
        ...[...order, ...again].map((frame) => fc.record({ frame: fc.constant(frame), isFlushed: fc.boolean() })),
      ),
    );
}

const invalid = expect.objectContaining({ code: 'CHUNK_INVALID' });

test('F13: a damaged payload fails the reads that touch it and no others', () => {
  const node = new Node();
  node.write([rowAt(1, 10), rowAt(1, 10, 'mem')]);
  flush(node.table, node.shard);
  const [[cpu], [mem]] = [node.table.series('cpu', { kind: 'all' }), node.table.series('mem', { kind: 'all' })];
  const chunkId = node.shard.chunkIds.find((each) => node.shard.chunk(each).firstSeriesId === cpu!.seriesId)!;
  node.shard.damage(chunkId, { payload: node.shard.chunk(chunkId).payload.map((byte, at) => (at === 1 ? byte ^ 4 : byte)) });
  expect(() => readSlice(node, cpu!.seriesId)).toThrow(invalid);
  expect(cellsOf(readSlice(node, mem!.seriesId)).size).toBe(1);
});

test('F13: a chunk in the place of another is not taken for it', () => {
  const node = new Node();
  node.write([rowAt(1, 10), rowAt(1, 20, 'mem')]);
  flush(node.table, node.shard);
  const [first, second] = node.shard.chunkIds;
  node.shard.damage(first!, { header: node.shard.chunk(second!).header });
  expect(() => readSlice(node, node.shard.chunk(first!).firstSeriesId)).toThrow(invalid);
  node.shard.damage(first!, { header: node.shard.chunk(first!).header });
  node.write([rowAt(2, 10), rowAt(2, 20, 'mem')]);
});

test('a chunk of a series that the file does not have, or of two measurements, makes the file corrupt', () => {
  const series = [{ seriesId: 1, key: 'cpu' }, { seriesId: 2, key: 'mem' }];
  const extent = { minOffsetNs: 0, maxOffsetNs: 1, rowCount: 1, tier: 0, headerSizeBytes: 0, payloadSizeBytes: 0, writtenSeq: 1 };
  const open = (firstSeriesId: number, lastSeriesId: number) => (): ShardTable =>
    ShardTable.open({ startNs: 0n, flushedSeq: 1, vector: EMPTY_VECTOR, watermark: NO_WATERMARK, hadDeletes: false, series, tombstones: [], chunks: [{ ...extent, chunkId: 1, firstSeriesId, lastSeriesId }] });
  expect(open(1, 1)).not.toThrow();
  for (const [first, last] of [[7, 7], [1, 7], [1, 2], [2, 1]] as const) expect(open(first, last), `${first} to ${last}`).toThrow(expect.objectContaining({ code: 'STORAGE_CORRUPT' }));
});

test('a plan names only chunks that overlap the half-open range and have a wanted field', () => {
  const node = new Node();
  for (const offsetNs of [10, 20, 30]) {
    node.write([rowAt(offsetNs, offsetNs), rowAt(offsetNs + 5, offsetNs)]);
    flush(node.table, node.shard);
  }
  const bytes: ChunkBytes = { header: (chunkId) => node.shard.bytes.header(chunkId), payload: () => undefined };
  const check = (startOffsetNs: number, endOffsetNs: number, names: string[], expected: number[]): void =>
    expect(
      node.table.planRead({ seriesId: 1, range: { startOffsetNs, endOffsetNs }, fields: new WantedFields(names) }, bytes).missingPayloads,
      `[${startOffsetNs}, ${endOffsetNs})`,
    ).toEqual(expected);

  check(0, 10, ['f'], []); // the end is outside
  check(0, 11, ['f'], [1]);
  check(15, 20, ['f'], [1]); // the last row is inside
  check(16, 20, ['f'], []);
  check(15, 31, ['i', 'f'], [1, 2, 3]);
  check(15, 31, ['i'], []);
  check(15, 31, [], []);
});

test('an unknown measurement has no series and no tag keys', () => {
  const { table } = new Node();
  expect([table.measurements(), table.series('x', { kind: 'all' }), table.tagKeys('x')]).toEqual([[], [], []]);
});
