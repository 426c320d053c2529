import { sealFrame, encodeTombstone, encodeVoidFrame } from '@varve/frame';
import { EMPTY_VECTOR, NO_WATERMARK, type TagExpression } from '@varve/model';
import { expect, test } from 'vitest';
import type { FlushJob, MergeJob } from './shard-jobs.ts';
import { ShardTable } from './shard-table.ts';
import { markOf } from './testing/arbitraries.ts';
import { EVERYTHING, expectSame, readSlice } from './testing/expect-same.ts';
import { cellsOf, deleteOf, frameOf, type TestRow } from './testing/frames.ts';
import { MemoryShard, packed } from './testing/memory-shard.ts';
import { ShardNode } from './testing/shard-node.ts';
import { WantedFields } from './wanted-fields.ts';

const ALL: TagExpression = { kind: 'all' };
const host = (value: string, operator: '=' | '!=' | '=~' | '!~' = '='): TagExpression => ({ kind: 'match', key: 'host', operator, value });
const rowAt = (offsetNs: number, f: number, key = 'cpu,host=a'): TestRow => ({ key, offsetNs, fields: { f } });
const version = (wallMs: number) => ({ wallMs, counter: 0, incarnation: 0 });

/** Times of a series that show. */
const timesOf = (node: ShardNode, seriesId = 1): number[] => [...cellsOf(readSlice(node, seriesId)).keys()];

test('D1: a delete hides what is older in memtable and chunks, in its series and time, and nothing newer', () => {
  const node = new ShardNode();
  node.write(10, [rowAt(1, 1), rowAt(2, 2), rowAt(3, 3), rowAt(2, 2, 'cpu,host=b')]);
  node.flush();
  node.write(11, [rowAt(4, 4), rowAt(5, 5)]);
  node.write(30, [rowAt(3, 33)]);
  node.delete(20, { measurement: 'cpu', series: host('a'), startOffsetNs: 2, endOffsetNs: 5 });
  expect([timesOf(node), timesOf(node, 2)]).toEqual([[1, 3, 5], [2]]);
  expectSame(node);
});

test('D1: a delete hides an older cell that arrives after it, flushed or not, also of a series that is new', () => {
  const node = new ShardNode();
  node.delete(20);
  node.write(10, [rowAt(1, 1)]);
  expect(timesOf(node)).toEqual([]);
  node.flush();
  expect([node.shard.chunkCount, node.shard.tombstoneCount]).toEqual([0, 1]);
  node.write(11, [rowAt(2, 2), rowAt(2, 2, 'mem')]);
  node.crash();
  node.write(12, [rowAt(3, 3)]);
  expect([timesOf(node), timesOf(node, 2)]).toEqual([[], []]);
  expectSame(node);
});

test('D1: fields of one time are hidden one by one: what a later write set stays', () => {
  const node = new ShardNode();
  node.write(10, [{ key: 'cpu', offsetNs: 1, fields: { f: 1, f2: 1 } }]);
  node.delete(20);
  node.write(30, [{ key: 'cpu', offsetNs: 1, fields: { f2: 2 } }]);
  for (const step of [() => undefined, () => node.flush(), () => node.crash()]) {
    step();
    expect(cellsOf(readSlice(node, 1))).toEqual(new Map([[1, new Map([['f2', 2]])]]));
  }
});

test('D4: a series without a cell that shows is over, also when its delete is collected, and lives again with a new row', () => {
  const node = new ShardNode();
  const life = (): unknown[] => [1, 2].map((seriesId) => node.table.look(seriesId, node.shard.bytes));
  node.write(10, [rowAt(1, 1), rowAt(2, 2, 'cpu,host=b')]);
  node.flush();
  expect([node.table.hadDeletes, life()]).toEqual([false, [true, true]]);
  node.delete(20, { series: host('a') });
  const steps = [() => undefined, () => node.crash(), () => node.flush(), () => node.crash(), () => node.table.raiseWatermark(version(30)), () => node.merge(), () => node.crash()];
  for (const step of steps) {
    step();
    expect([node.table.hadDeletes, life()]).toEqual([true, [false, true]]);
  }
  expect(node.shard.tombstoneCount).toBe(0);
  node.write(40, [rowAt(3, 3)]);
  expect(life()).toEqual([true, true]);
  node.delete(50);
  expect(life()).toEqual([false, false]);
});

test('D4: who looks without the bytes of a chunk is told which ones', () => {
  const node = new ShardNode();
  node.write(10, [rowAt(1, 1), rowAt(5, 5)]);
  node.flush();
  node.delete(20, { endOffsetNs: 4 });
  const nothing = { header: () => undefined, payload: () => undefined };
  const headerOnly = { ...nothing, header: (chunkId: number) => node.shard.bytes.header(chunkId) };
  expect(node.table.look(1, nothing)).toMatchObject({ missingHeaders: [{ chunkId: 1 }] });
  expect(node.table.look(1, headerOnly)).toMatchObject({ missingHeaders: [], missingPayloads: [1] });
  expect(node.table.look(1, node.shard.bytes)).toBe(true);
  expect(node.table.look(1, nothing), 'remembered').toBe(true);
});

test('D2: a cell with the very version of a delete stays', () => {
  const mark = markOf(0, 10);
  const shard = new MemoryShard();
  const table = shard.open();
  table.insert(frameOf(mark, [rowAt(1, 1)]), 1);
  table.insert(deleteOf({ ...mark, number: 2 }, { measurement: undefined, series: ALL, ...EVERYTHING, endOffsetNs: 9, startOffsetNs: 0 }), 2);
  expect(cellsOf(readSlice({ table, shard }, 1)).size).toBe(1);
});

test('the series of a delete: every operator, tags that are missing, AND and OR', () => {
  const check = (series: TagExpression, expected: readonly string[]): void => {
    const node = new ShardNode();
    const keys = ['cpu', 'cpu,host=a', 'cpu,host=b', 'cpu,dc=x,host=ab'];
    node.write(10, keys.map((key) => rowAt(1, 1, key)));
    node.delete(20, { series });
    const gone = keys.filter((_, index) => timesOf(node, index + 1).length === 0);
    expect(gone, JSON.stringify(series)).toEqual(expected);
  };
  check(ALL, ['cpu', 'cpu,host=a', 'cpu,host=b', 'cpu,dc=x,host=ab']);
  check(host('a'), ['cpu,host=a']);
  check(host(''), ['cpu']);
  check(host('a', '!='), ['cpu', 'cpu,host=b', 'cpu,dc=x,host=ab']);
  check(host('a', '=~'), ['cpu,host=a', 'cpu,dc=x,host=ab']);
  check(host('^a$', '!~'), ['cpu', 'cpu,host=b', 'cpu,dc=x,host=ab']);
  check({ kind: 'and', parts: [host('a', '=~'), { kind: 'match', key: 'dc', operator: '=', value: 'x' }] }, ['cpu,dc=x,host=ab']);
  check({ kind: 'or', parts: [host('a'), host('b')] }, ['cpu,host=a', 'cpu,host=b']);
  check({ kind: 'or', parts: [] }, []);
});

test('D6: right after a delete no summary counts what it hides, and others still stand for their rows', () => {
  const node = new ShardNode();
  const hours = [0, 1].flatMap((hour) => Array.from({ length: 100 }, (_, row) => rowAt(hour * 3_600e9 + row, row)));
  node.write(10, hours);
  node.flush();
  const read = { seriesId: 1, range: EVERYTHING, fields: new WantedFields(['f']), maySummarize: () => true };
  const kinds = (): string[] => [...node.table.read(read, node.table.planRead(read, node.shard.bytes), node.shard.bytes)].map((piece) => ('rowCounts' in piece ? `summaries of ${piece.rowCounts.join()}` : `${piece.offsetsNs.length} rows`));
  expect(kinds()).toEqual(['summaries of 100,100']);
  node.delete(20, { series: host('a'), startOffsetNs: 0, endOffsetNs: 30 });
  node.delete(20, { series: host('b'), endOffsetNs: 9e12 });
  expect(kinds()).toEqual(['70 rows', 'summaries of 100']);
  expectSame(node);
  node.write(30, [rowAt(9e12, 1)]);
  node.flush();
  node.table.raiseWatermark(version(30));
  node.merge();
  expect(kinds()).toEqual(['summaries of 70,100', 'summaries of 1']);
  expectSame(node);
});

test('D6: a summary of what was written after a delete, newer or older, counts', () => {
  const node = new ShardNode();
  node.delete(20);
  node.write(10, [rowAt(1, 1)]);
  node.write(30, [rowAt(2, 2), rowAt(3, 3)]);
  node.flush();
  const read = { seriesId: 1, range: EVERYTHING, fields: new WantedFields(['f']), maySummarize: () => true };
  expect([...node.table.read(read, node.table.planRead(read, node.shard.bytes), node.shard.bytes)]).toMatchObject([{ rowCounts: [2], minOffsetsNs: Float64Array.of(2) }]);
});

test('D6: a flush holds its rows against all deletes, a merge only against those that came after its oldest chunk', () => {
  const node = new ShardNode();
  const wallMsOf = (job: FlushJob | MergeJob): number[] => job.input.hiding.map(({ version: { wallMs } }) => wallMs);
  node.delete(100);
  for (const round of [1, 2, 3, 4]) {
    node.write(round, [rowAt(round, 1), rowAt(round + 1, 1, 'cpu,host=b')]);
    node.write(200 + round, [rowAt(round, 2), rowAt(round + 1, 2, 'cpu,host=b')]);
    const job = node.table.beginFlush()!;
    expect(wallMsOf(job)).toEqual(round <= 2 ? [100] : [100, 150]);
    node.table.abandonFlush(job);
    node.flush();
    if (round === 2) node.delete(150, { series: host('a') });
  }
  const merge = node.table.planMerge()!;
  expect(wallMsOf(merge)).toEqual([150]);
  node.table.abandonMerge(merge);
  node.merge();
  expectSame(node);
});

test('deletes of the same series go into a job with one list of them, however many they are', () => {
  const node = new ShardNode();
  node.write(10, [rowAt(1, 1), rowAt(1, 1, 'cpu,host=b')]);
  for (const wallMs of [20, 30]) for (const series of [ALL, host('b')]) node.delete(wallMs, { series });
  const job = node.table.beginFlush()!;
  expect(job.input.hiding.map(({ seriesIds }) => [...seriesIds])).toEqual([[1, 2], [2], [1, 2], [2]]);
  expect(new Set(job.input.hiding.map(({ seriesIds }) => seriesIds)).size).toBe(2);
});

test('D5: a tombstone is part of the flush that covers its journal row, and a crash at any step loses none', () => {
  const node = new ShardNode();
  node.write(10, [rowAt(1, 1)]);
  node.flush();
  node.delete(20);
  node.crash();
  expect([node.table.tombstoneCount, node.shard.tombstoneCount, timesOf(node)]).toEqual([1, 0, []]);
  const job = node.table.beginFlush()!;
  expect(job.change.tombstones.map(({ seq }) => seq)).toEqual([2]);
  node.table.abandonFlush(job);
  expect(timesOf(node)).toEqual([]);
  node.flush();
  node.shard.trim();
  node.crash();
  expect([node.table.tombstoneCount, node.shard.tombstoneCount, timesOf(node)]).toEqual([1, 1, []]);
});

test('D5: a duplicate of a tombstone is none', () => {
  const node = new ShardNode();
  const mark = markOf(0, 20);
  const tombstone = { measurement: 'cpu', series: ALL, startOffsetNs: 0, endOffsetNs: 9 };
  expect([1, 2].map((seq) => node.table.insert(deleteOf(mark, tombstone), seq))).toEqual([true, false]);
  expect(node.table.tombstoneCount).toBe(1);
  node.flush();
  expect(node.shard.tombstoneCount).toBe(1);
});

test('D7: a tombstone stays until the watermark has passed it, then what it hides is written anew, then it goes', () => {
  const node = new ShardNode();
  node.write(10, [rowAt(1, 1), rowAt(5, 5), rowAt(1, 1, 'mem')]);
  node.flush();
  const chunkIds = node.shard.chunkIds;
  node.delete(20, { measurement: 'cpu', endOffsetNs: 3 });
  node.flush();
  const state = (): unknown[] => [node.table.tombstoneCount, node.shard.tombstoneCount, node.shard.chunkIds];
  node.table.raiseWatermark(version(20));
  node.merge();
  expect(state(), 'S is not above it').toEqual([1, 1, chunkIds]);
  node.table.raiseWatermark(version(21));
  node.merge();
  expect(state(), 'only the chunk with something hidden was touched').toEqual([0, 0, [chunkIds[1], 3]]);
  node.crash();
  expect(timesOf(node)).toEqual([5]);
  expectSame(node);
});

test('D7: a tombstone stays while the memtable has older rows, and while it is in no flush', () => {
  const node = new ShardNode();
  node.delete(20);
  node.table.raiseWatermark(version(30));
  expect(node.table.planMerge(), 'it is not in the file').toBeUndefined();
  node.crash();
  node.flush();
  node.write(10, [rowAt(1, 1)]);
  node.table.raiseWatermark(version(30));
  expect(node.table.planMerge(), 'the memtable has an older row').toBeUndefined();
  node.flush();
  node.merge();
  expect([node.table.tombstoneCount, node.shard.tombstoneCount, timesOf(node)]).toEqual([0, 0, []]);
});

test('D7, S6: a tombstone stays while an older one is in no flush: the file could not say yet that nothing below it comes', () => {
  const node = new ShardNode();
  node.delete(20);
  node.flush();
  node.delete(15);
  node.table.raiseWatermark(version(30));
  expect(node.table.planMerge()).toBeUndefined();
  node.flush();
  node.merge();
  expect([node.table.tombstoneCount, node.shard.tombstoneCount]).toEqual([0, 0]);
});

test('D7: rows below the watermark are a bug', () => {
  const node = new ShardNode();
  node.table.raiseWatermark(version(20));
  expect(() => node.write(10, [rowAt(1, 1)])).toThrow('below the watermark');
});

test('D7: an abandoned collection leaves everything, and the next watermark tries again', () => {
  const node = new ShardNode();
  node.write(10, [rowAt(1, 1)]);
  node.flush();
  node.delete(20);
  node.flush();
  node.table.raiseWatermark(version(30));
  node.table.abandonMerge(node.table.planMerge()!);
  expect(node.table.planMerge()).toBeUndefined();
  node.table.raiseWatermark(version(30));
  const job = node.table.planMerge()!;
  expect([job.change.removedChunkIds, job.change.removedTombstoneSeqs]).toEqual([[1], []]);
  node.table.completeMerge(job, node.shard.commit(job.change, packed(job, node.shard)));
  expect([node.shard.chunkCount, node.table.planMerge()!.change.removedTombstoneSeqs]).toEqual([0, [2]]);
});

test('D7, Y5: a damaged chunk keeps the tombstone that may hide rows of it, and no other one', () => {
  const node = new ShardNode();
  for (const key of ['cpu,host=a', 'mem']) {
    node.write(10, [rowAt(1, 1, key)]);
    node.flush();
  }
  node.delete(20, { measurement: 'cpu' });
  node.delete(21, { measurement: 'mem' });
  node.flush();
  const damaged = node.shard.chunkIds[0]!;
  node.shard.damage(damaged, { payload: new Uint8Array(node.shard.chunk(damaged).payload.length) });
  node.table.raiseWatermark(version(30));
  const job = node.table.planMerge()!;
  expect(() => packed(job, node.shard)).toThrow(expect.objectContaining({ code: 'CHUNK_INVALID' }));
  node.table.abandonMerge(job);
  node.table.giveUp(damaged);
  node.table.raiseWatermark(version(30));
  node.merge();
  expect([node.shard.chunkIds, node.table.tombstoneCount, node.shard.tombstoneCount]).toEqual([[damaged], 1, 1]);
});

test('D8: a merge that overlaps a delete which comes meanwhile takes nothing for granted', () => {
  const node = new ShardNode();
  for (const wallMs of [10, 11, 12, 13]) {
    node.write(wallMs, [rowAt(wallMs, 1)]);
    node.flush();
  }
  const job = node.table.planMerge()!;
  const chunks = packed(job, node.shard);
  node.delete(20);
  node.table.completeMerge(job, node.shard.commit(job.change, chunks));
  expect(timesOf(node)).toEqual([]);
  node.crash();
  expect(timesOf(node)).toEqual([]);
  expectSame(node);
});

test('D4: a series of which everything is hidden stays in the index', () => {
  const node = new ShardNode();
  node.write(10, [rowAt(1, 1)]);
  node.delete(20);
  node.flush();
  node.table.raiseWatermark(version(30));
  node.merge();
  node.crash();
  expect(node.table.series('cpu', { kind: 'all' }).map(({ key }) => key)).toEqual(['cpu,host=a']);
});

test('D9: a pattern that is none of RE2 is refused before it is journaled', () => {
  const { table } = new ShardNode();
  const frame = deleteOf(markOf(0, 1), { measurement: undefined, series: host('(', '=~'), startOffsetNs: 0, endOffsetNs: 1 });
  expect(() => table.check(frame)).toThrow(expect.objectContaining({ code: 'FRAME_INVALID' }));
  expect(() => table.check(frameOf(markOf(0, 1), []))).not.toThrow();
});

test('a tombstone in the file that is none makes it corrupt', () => {
  const stamp = { mutation: { incarnation: 1, shard: 1, number: 1 }, version: version(1) };
  const good = sealFrame(encodeTombstone(1, { measurement: 'cpu', series: ALL, startOffsetNs: 0, endOffsetNs: 1 }), stamp);
  const open = (frame: Uint8Array) => (): ShardTable => ShardTable.open({ startNs: 0n, flushedSeq: 1, vector: EMPTY_VECTOR, watermark: NO_WATERMARK, hadDeletes: false, series: [], chunks: [], tombstones: [{ seq: 1, frame }] });
  expect(open(good)().tombstoneCount).toBe(1);
  const corrupt = expect.objectContaining({ code: 'STORAGE_CORRUPT' });
  expect(open(good.map((byte, at) => (at === 60 ? byte ^ 1 : byte)))).toThrow(corrupt);
  expect(open(encodeVoidFrame(1, stamp))).toThrow(corrupt);
});
