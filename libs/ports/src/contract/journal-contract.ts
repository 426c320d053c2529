import { expect } from 'vitest';
import type { ShardId } from '@varve/model';
import type { Journal, JournalRow } from '../journal.ts';
import { bytesOf, collect, contractTest, forgetOutcome, textOf, type Drive, type OpenPort } from './contract-test.ts';

const row = (shard: ShardId, seq: number, text = `${shard}/${seq}`): JournalRow => ({
  shard,
  seq,
  frame: bytesOf(text),
});
const rows = (shard: ShardId, firstSeq: number, lastSeq: number): JournalRow[] =>
  Array.from({ length: lastSeq - firstSeq + 1 }, (_, index) => row(shard, firstSeq + index));
const texts = async (journal: Journal, shard: ShardId, afterSeq = 0): Promise<(string | undefined)[]> =>
  (await collect(journal.read(shard, afterSeq))).map(({ frame }) => textOf(frame));
const seqs = async (journal: Journal, shard: ShardId, afterSeq = 0): Promise<number[]> =>
  (await collect(journal.read(shard, afterSeq))).map(({ seq }) => seq);
const range = (first: number, last: number): number[] =>
  Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index);

/** What every {@link Journal} must keep, real or simulated. */
export function journalContract(name: string, open: OpenPort<Journal>, drive?: Drive): void {
  const check = contractTest(name, drive);

  check('a new journal has no rows', async () => {
    const { port: journal } = await open();
    expect(await journal.extents()).toEqual([]);
    expect(await texts(journal, 1)).toEqual([]);
  });

  check('appended rows can be read at once, and are still there after a crash', async () => {
    const { port: journal, crash } = await open();
    await journal.append([row(1, 1, 'one'), row(1, 2, 'two')]);
    expect(await texts(journal, 1)).toEqual(['one', 'two']);
    const { port: again } = await crash();
    expect(await texts(again, 1)).toEqual(['one', 'two']);
  });

  check('rows of a shard come in ascending order, above the given one, without those of other shards', async () => {
    const { port: journal, crash } = await open();
    await journal.append([row(7, 1), row(3, 1), row(7, 2), row(7, 3), row(3, 2)]);
    const verify = async (opened: Journal): Promise<void> => {
      expect(await texts(opened, 7)).toEqual(['7/1', '7/2', '7/3']);
      expect(await texts(opened, 7, 1)).toEqual(['7/2', '7/3']);
      expect(await texts(opened, 7, 3)).toEqual([]);
      expect(await texts(opened, 3)).toEqual(['3/1', '3/2']);
      expect(await texts(opened, 4)).toEqual([]);
      expect(await opened.extents()).toEqual([
        { shard: 3, firstSeq: 1, lastSeq: 2 },
        { shard: 7, firstSeq: 1, lastSeq: 3 },
      ]);
    };
    await verify(journal);
    await verify((await crash()).port);
  });

  check('many calls at once are all committed, in the order they were made', async () => {
    const { port: journal, crash } = await open();
    const ended: number[] = [];
    await Promise.all(range(1, 300).map((seq) => journal.append([row(1, seq)]).then(() => ended.push(seq))));
    expect(ended).toEqual(range(1, 300));
    expect(await seqs((await crash()).port, 1)).toEqual(range(1, 300));
  });

  check(
    'calls under way at a crash are there wholly or not at all, and never one without those before it',
    async () => {
      const { port: journal, crash } = await open();
      const calls = range(1, 40).map((call) => journal.append([row(1, 2 * call - 1), row(2, call), row(1, 2 * call)]));
      forgetOutcome(calls);
      await calls[9];
      const { port: again } = await crash();
      const kept = (await seqs(again, 2)).length;
      expect(kept).toBeGreaterThanOrEqual(10);
      expect(await seqs(again, 2)).toEqual(range(1, kept));
      expect(await seqs(again, 1)).toEqual(range(1, 2 * kept));
      await again.append([row(2, kept + 1)]);
      expect(await seqs(again, 2)).toEqual(range(1, kept + 1));
    },
  );

  check('empty and large frames come back byte for byte', async () => {
    const { port: journal, crash } = await open();
    const large = Uint8Array.from({ length: 600_000 }, (_, index) => (index * 7919) % 251);
    const inside = large.subarray(1_000, 1_003);
    await journal.append([row(1, 1, ''), { shard: 1, seq: 2, frame: large }, { shard: 1, seq: 3, frame: inside }]);
    expect(large.length).toBe(600_000); // the caller still has it
    const read = await collect((await crash()).port.read(1, 0));
    expect(read.map(({ frame }) => frame!.length)).toEqual([0, 600_000, 3]);
    expect(Buffer.compare(read[1]!.frame!, large)).toBe(0);
    expect(Buffer.compare(read[2]!.frame!, inside)).toBe(0);
  });

  check('an append of no rows changes nothing', async () => {
    const { port: journal } = await open();
    await journal.append([]);
    expect(await journal.extents()).toEqual([]);
  });

  check('trimmed rows are not read any more; all others are, also after a crash', async () => {
    const { port: journal, crash } = await open();
    await journal.append([...rows(1, 1, 10), ...rows(2, 1, 5)]);
    await journal.trim(1, 6);
    expect(await seqs(journal, 1)).toEqual(range(7, 10));
    expect(await journal.extents()).toEqual([
      { shard: 1, firstSeq: 7, lastSeq: 10 },
      { shard: 2, firstSeq: 1, lastSeq: 5 },
    ]);
    const { port: again } = await crash();
    expect(await seqs(again, 1, 6)).toEqual(range(7, 10));
    expect(await seqs(again, 2)).toEqual(range(1, 5));
  });

  check('a trim of rows that a read has passed takes no other row from it', async () => {
    const { port: journal } = await open();
    const frame = new Uint8Array(100_000).fill(7);
    await Promise.all(range(1, 120).map((seq) => journal.append([{ shard: 1, seq, frame }])));
    const seen: number[] = [];
    for await (const { seq } of journal.read(1, 0)) {
      seen.push(seq);
      if (seq % 10 === 0) await journal.trim(1, seq);
    }
    expect(seen).toEqual(range(1, 120));
    expect(await journal.extents()).toEqual([]);
  });

  check('a shard that is trimmed as a whole goes on where it was', async () => {
    const { port: journal, crash } = await open();
    await journal.append(rows(1, 1, 4));
    await journal.trim(1, 4);
    expect(await journal.extents()).toEqual([]);
    await journal.append(rows(1, 5, 6));
    expect(await seqs(journal, 1)).toEqual([5, 6]);
    expect(await seqs((await crash()).port, 1, 4)).toEqual([5, 6]);
  });

  check('a trim of what is not there changes nothing, and an older one after a newer one neither', async () => {
    const { port: journal } = await open();
    await journal.trim(9, 100);
    await journal.append(rows(1, 1, 5));
    await journal.trim(1, 3);
    await journal.trim(1, 1);
    expect(await seqs(journal, 1)).toEqual([4, 5]);
    expect((await journal.extents()).map(({ shard }) => shard)).toEqual([1]);
  });

  check('space comes back when everything is trimmed, while appends go on', async () => {
    const { port: journal, crash } = await open();
    const frame = new Uint8Array(100_000).fill(7);
    for (const seq of range(1, 40)) await journal.append([{ shard: 1, seq, frame }]);
    const fullBytes = await journal.sizeBytes();
    expect(fullBytes).toBeGreaterThanOrEqual(4_000_000);
    await journal.trim(1, 40);
    await journal.append([row(1, 41), row(2, 1)]);
    expect(await journal.sizeBytes()).toBeLessThan(fullBytes / 2);
    const { port: again } = await crash();
    expect(await seqs(again, 1, 40)).toEqual([41]);
    expect(await seqs(again, 2)).toEqual([1]);
  });

  check('closing commits what was appended; opened again, all of it is there', async () => {
    const { port: journal, reopen } = await open();
    const calls = range(1, 20).map((seq) => journal.append([row(1, seq)]));
    const { port: again } = await reopen();
    await Promise.all(calls);
    expect(await seqs(again, 1)).toEqual(range(1, 20));
    await expect(journal.append([row(1, 21)])).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
    expect(await seqs(again, 1)).toEqual(range(1, 20));
  });
}
