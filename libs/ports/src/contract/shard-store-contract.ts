import { NO_WATERMARK, type Version } from '@varve/model';
import { expect } from 'vitest';
import type { NewChunk, ShardChange, ShardStore } from '../shard-store.ts';
import { bytesOf, contractTest, forgetOutcome, textOf, type Drive, type OpenPort } from './contract-test.ts';

const SHARD = 5;

const chunk = (firstSeriesId: number, text: string, minOffsetNs = 0, maxOffsetNs = 10): NewChunk => ({
  firstSeriesId,
  lastSeriesId: firstSeriesId + 2,
  minOffsetNs,
  maxOffsetNs,
  rowCount: text.length,
  tier: 1,
  header: bytesOf(`header of ${text}`),
  payload: bytesOf(text),
});
const watermarkAt = (flushedSeq: number): Version => ({ wallMs: 2 ** 48 - 1 - flushedSeq, counter: 0xffff, incarnation: flushedSeq });
const change = (flushedSeq: number, parts: Partial<ShardChange> = {}): ShardChange => ({
  series: [],
  chunks: [],
  removedChunkIds: [],
  tombstones: [],
  removedTombstoneSeqs: [],
  state: { flushedSeq, vector: bytesOf(`vector ${flushedSeq}`), watermark: watermarkAt(flushedSeq), hadDeletes: flushedSeq % 2 === 0 },
  ...parts,
});
const payloadTexts = async (store: ShardStore, shard = SHARD): Promise<(string | undefined)[]> => {
  const chunkIds = (await store.readChunks(shard)).map(({ chunkId }) => chunkId);
  return (await store.readPayloads(shard, chunkIds)).map(textOf);
};

/** What every {@link ShardStore} must keep, real or simulated. */
export function shardStoreContract(name: string, open: OpenPort<ShardStore>, drive?: Drive): void {
  const check = contractTest(name, drive);

  check('a shard without a file is empty, and asking for it makes none', async () => {
    const { port: store } = await open();
    const { flushedSeq, vector, watermark, hadDeletes } = await store.readState(SHARD);
    expect([flushedSeq, vector.length, watermark, hadDeletes]).toEqual([0, 0, NO_WATERMARK, false]);
    expect(await store.readSeries(SHARD)).toEqual([]);
    expect(await store.readChunks(SHARD)).toEqual([]);
    expect(await store.readTombstones(SHARD)).toEqual([]);
    expect(await store.readHeaders(SHARD, [1, 2])).toEqual([undefined, undefined]);
    expect(await store.readPayloads(SHARD, [1, 2])).toEqual([undefined, undefined]);
    await store.drop(SHARD);
    expect(await store.shards()).toEqual([]);
  });

  check('a change is there as a whole, at once and after a crash', async () => {
    const { port: store, crash } = await open();
    const series = [
      { seriesId: 1, key: 'cpu,host=a' },
      { seriesId: 2, key: 'cpu,host=\u00fc,__proto__=x' },
    ];
    const largestOffsetNs = 90 * 86_400e9 - 1;
    const chunks = [chunk(1, 'first', 0, largestOffsetNs), chunk(2, 'second', 5, 5)];
    const ids = await store.commit(SHARD, change(12, { series, chunks }));
    expect(ids).toHaveLength(2);
    const verify = async (opened: ShardStore): Promise<void> => {
      const { flushedSeq, vector, watermark, hadDeletes } = await opened.readState(SHARD);
      expect([flushedSeq, textOf(vector), watermark, hadDeletes]).toEqual([12, 'vector 12', watermarkAt(12), true]);
      expect(await opened.readSeries(SHARD)).toEqual(series);
      const stored = { rowCount: 5, tier: 1, writtenSeq: 12, headerSizeBytes: 15, payloadSizeBytes: 5, isDamaged: false };
      expect(await opened.readChunks(SHARD)).toEqual([
        { ...stored, chunkId: ids[0], firstSeriesId: 1, lastSeriesId: 3, minOffsetNs: 0, maxOffsetNs: largestOffsetNs },
        { chunkId: ids[1], firstSeriesId: 2, lastSeriesId: 4, minOffsetNs: 5, maxOffsetNs: 5, rowCount: 6, tier: 1, writtenSeq: 12, headerSizeBytes: 16, payloadSizeBytes: 6, isDamaged: false },
      ]);
      expect((await opened.readHeaders(SHARD, ids)).map(textOf)).toEqual(['header of first', 'header of second']);
      expect(await payloadTexts(opened)).toEqual(['first', 'second']);
    };
    await verify(store);
    await verify((await crash()).port);
  });

  check('bytes come in the order asked for, undefined where there is no such chunk', async () => {
    const { port: store } = await open();
    const [first, second] = await store.commit(SHARD, change(1, { chunks: [chunk(1, 'a'), chunk(1, 'b')] }));
    const payloads = await store.readPayloads(SHARD, [second!, 999, first!, second!]);
    expect(payloads.map(textOf)).toEqual(['b', undefined, 'a', 'b']);
    const headers = await store.readHeaders(SHARD, [second!, 999, first!]);
    expect(headers.map(textOf)).toEqual(['header of b', undefined, 'header of a']);
  });

  check('a merge replaces chunks in the same change, and the id of a removed chunk is never given again', async () => {
    const { port: store, crash } = await open();
    const old = await store.commit(SHARD, change(1, { chunks: [chunk(1, 'a'), chunk(1, 'b')] }));
    await store.commit(SHARD, change(2, { removedChunkIds: [old[1]!] }));
    const [merged] = await store.commit(SHARD, change(3, { chunks: [chunk(1, 'ab')], removedChunkIds: [old[0]!] }));
    expect(old).not.toContain(merged);
    const { port: again } = await crash();
    expect(await payloadTexts(again)).toEqual(['ab']);
    const [later] = await again.commit(SHARD, change(4, { chunks: [chunk(1, 'c')] }));
    expect(later).toBeGreaterThan(merged!);
    expect((await again.readState(SHARD)).flushedSeq).toBe(4);
  });

  check('a chunk that was found damaged is marked as long as it is there, and nothing else changes', async () => {
    const { port: store, crash } = await open();
    const ids = await store.commit(SHARD, change(1, { chunks: [chunk(1, 'a'), chunk(1, 'b'), chunk(1, 'c')] }));
    const before = await store.readChunks(SHARD);
    await store.markDamaged(SHARD, ids[1]!);
    await store.markDamaged(SHARD, ids[1]!);
    await store.markDamaged(SHARD, 999);
    await store.markDamaged(SHARD + 1, 1);
    const { port: again } = await crash();
    expect(await again.readChunks(SHARD)).toEqual(before.map((each) => ({ ...each, isDamaged: each.chunkId === ids[1] })));
    expect(await payloadTexts(again)).toEqual(['a', 'b', 'c']);
    await again.commit(SHARD, change(2, { removedChunkIds: [ids[1]!] }));
    expect((await again.readChunks(SHARD)).map(({ isDamaged }) => isDamaged)).toEqual([false, false]);
    expect(await again.shards()).toEqual([SHARD]);
  });

  check('tombstones come and go with a change, whole and in the order of their rows', async () => {
    const { port: store, crash } = await open();
    const textsOf = async (opened: ShardStore): Promise<unknown[]> => (await opened.readTombstones(SHARD)).map(({ seq, frame }) => [seq, textOf(frame)]);
    const block = bytesOf('a delete of cpu');
    await store.commit(SHARD, change(9, { tombstones: [{ seq: 3, frame: block.subarray(2, 8) }, { seq: 7, frame: bytesOf('second') }] }));
    expect(textOf(block)).toBe('a delete of cpu');
    await store.commit(SHARD, change(12, { tombstones: [{ seq: 11, frame: bytesOf('third') }] }));
    expect(await textsOf(store)).toEqual([[3, 'delete'], [7, 'second'], [11, 'third']]);
    const [chunkId] = await store.commit(SHARD, change(12, { removedTombstoneSeqs: [3, 11], chunks: [chunk(1, 'rewritten')] }));
    expect(await textsOf(store)).toEqual([[7, 'second']]);
    const { port: again } = await crash();
    expect([await textsOf(again), await again.readChunks(SHARD)]).toMatchObject([[[7, 'second']], [{ chunkId, writtenSeq: 12 }]]);
    await again.drop(SHARD);
    expect(await textsOf(again)).toEqual([]);
  });

  check('a change under way at a crash is there wholly or not at all', async () => {
    const { port: store, crash } = await open();
    await store.commit(SHARD, change(1, { chunks: [chunk(1, 'one')], series: [{ seriesId: 1, key: 'a' }] }));
    const calls = [2, 3, 4, 5].map((seq) =>
      store.commit(SHARD, change(seq, { chunks: [chunk(seq, `${seq}`)], series: [{ seriesId: seq, key: `s${seq}` }], tombstones: [{ seq, frame: bytesOf(`delete ${seq}`) }] })),
    );
    forgetOutcome(calls);
    await calls[0];
    const { port: again } = await crash();
    const { flushedSeq, vector } = await again.readState(SHARD);
    expect(flushedSeq).toBeGreaterThanOrEqual(2);
    expect(textOf(vector)).toBe(`vector ${flushedSeq}`);
    expect((await again.readSeries(SHARD)).length).toBe(flushedSeq);
    expect((await again.readChunks(SHARD)).length).toBe(flushedSeq);
    expect((await again.readTombstones(SHARD)).length).toBe(flushedSeq - 1);
  });

  check('ten thousand series come back whole and in order', async () => {
    const { port: store } = await open();
    const series = Array.from({ length: 10_000 }, (_, place) => ({ seriesId: place + 1, key: `cpu,host=${place}` }));
    await store.commit(SHARD, change(1, { series: series.slice(0, 8_192) }));
    expect(await store.readSeries(SHARD)).toEqual(series.slice(0, 8_192));
    await store.commit(SHARD, change(2, { series: series.slice(8_192) }));
    expect(await store.readSeries(SHARD)).toEqual(series);
  });

  check('shards are kept apart, and a dropped one is empty again', async () => {
    const { port: store, crash } = await open();
    for (const shard of [3, 1, 12]) await store.commit(shard, change(shard, { chunks: [chunk(1, `shard ${shard}`)] }));
    expect(await store.shards()).toEqual([1, 3, 12]);
    await store.drop(3);
    const verify = async (opened: ShardStore): Promise<void> => {
      expect(await opened.shards()).toEqual([1, 12]);
      expect((await opened.readState(3)).flushedSeq).toBe(0);
      expect(await payloadTexts(opened, 12)).toEqual(['shard 12']);
      expect(await payloadTexts(opened, 3)).toEqual([]);
    };
    await verify(store);
    await verify((await crash()).port);
  });

  check('more shards than files may be open at a time are all served', async () => {
    const { port: store } = await open();
    const shards = Array.from({ length: 80 }, (_, index) => index + 1);
    await Promise.all(
      shards.map((shard) => store.commit(shard, change(shard, { chunks: [chunk(1, `shard ${shard}`)] }))),
    );
    const found = await Promise.all(shards.map((shard) => payloadTexts(store, shard)));
    expect(found.flat()).toEqual(shards.map((shard) => `shard ${shard}`));
  });

  check('the caller keeps the bytes it handed in', async () => {
    const { port: store } = await open();
    const block = bytesOf('0123456789');
    const payload = block.subarray(2, 5);
    await store.commit(SHARD, change(1, { chunks: [{ ...chunk(1, ''), payload }] }));
    expect(block.length).toBe(10);
    expect(await payloadTexts(store)).toEqual(['234']);
  });

  check('a closed store refuses; opened again, everything is there', async () => {
    const { port: store, reopen } = await open();
    const call = store.commit(SHARD, change(1, { chunks: [chunk(1, 'kept')] }));
    const { port: again } = await reopen();
    await call;
    expect(await payloadTexts(again)).toEqual(['kept']);
    await expect(store.readState(SHARD)).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
    await expect(store.commit(SHARD, change(2))).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
  });
}
