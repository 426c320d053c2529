import { NO_WATERMARK } from '@varve/model';
import { expect, test } from 'vitest';
import type { JournalRow } from '@varve/ports';
import { SimDisk } from './sim-disk.ts';
import { SimJournal } from './sim-journal.ts';
import { SimProcess } from './sim-process.ts';
import { SimRaftLogStore } from './sim-raft-log-store.ts';
import { SimScheduler } from './sim-scheduler.ts';
import { SimShardStore } from './sim-shard-store.ts';

const row = (seq: number): JournalRow => ({ shard: 1, seq, frame: Uint8Array.of(seq) });
const change = (flushedSeq: number) => ({
  series: [],
  chunks: [],
  removedChunkIds: [],
  tombstones: [],
  removedTombstoneSeqs: [],
  state: { flushedSeq, vector: new Uint8Array(0), watermark: NO_WATERMARK, hadDeletes: false },
});

const start = (
  seed: number,
): { readonly scheduler: SimScheduler; readonly disk: SimDisk; readonly process: SimProcess } => {
  const scheduler = new SimScheduler({ seed });
  return { scheduler, disk: new SimDisk(scheduler, 'disk'), process: new SimProcess(scheduler, 'node') };
};
const lastSeq = async (scheduler: SimScheduler, disk: SimDisk): Promise<number> => {
  const journal = new SimJournal(new SimProcess(scheduler, 'node'), disk);
  const [extent] = await scheduler.runUntilSettled(journal.extents());
  return extent?.lastSeq ?? 0;
};

test('K5: a write under way at a crash is kept by some seeds and lost by others, and never one behind it', async () => {
  const kept: boolean[] = [];
  for (let seed = 0; seed < 40; seed += 1) {
    const { scheduler, disk, process } = start(seed);
    const journal = new SimJournal(process, disk);
    void journal.append([row(1)]); // under way at once
    void journal.append([row(2)]); // waits behind it
    await scheduler.runFor(0.05);
    process.kill();
    const seq = await lastSeq(scheduler, disk);
    expect(disk.interruptedWrites).toEqual([{ what: 'journal append', isKept: seq === 1 }]);
    expect(seq).toBeLessThanOrEqual(1);
    kept.push(seq === 1);
  }
  expect(new Set(kept)).toEqual(new Set([true, false]));
});

test('a trim is forgotten by some crashes and kept by others', async () => {
  const firstSeqs = new Set<number | undefined>();
  for (let seed = 0; seed < 40; seed += 1) {
    const { scheduler, disk, process } = start(seed);
    const journal = new SimJournal(process, disk);
    await scheduler.runUntilSettled(journal.append([row(1), row(2), row(3)]));
    await scheduler.runUntilSettled(journal.trim(1, 2));
    process.kill();
    const reopened = new SimJournal(new SimProcess(scheduler, 'node'), disk);
    firstSeqs.add((await scheduler.runUntilSettled(reopened.extents()))[0]?.firstSeq);
  }
  expect(firstSeqs).toEqual(new Set([1, 3]));
});

test('on a full disk an append fails, and the journal stays broken when there is space again', async () => {
  const { scheduler, disk, process } = start(1);
  const journal = new SimJournal(process, disk);
  await scheduler.runUntilSettled(journal.append([row(1)]));
  disk.condition = 'full';
  await expect(scheduler.runUntilSettled(journal.append([row(2)]))).rejects.toMatchObject({ code: 'STORAGE_FULL' });
  disk.condition = 'sound';
  await expect(scheduler.runUntilSettled(journal.append([row(3)]))).rejects.toMatchObject({ code: 'STORAGE_FULL' });
  expect(await lastSeq(scheduler, disk)).toBe(1);
});

test('on a full disk a flush changes nothing and works later; a drop works at once', async () => {
  const { scheduler, disk, process } = start(1);
  const store = new SimShardStore(process, disk);
  await scheduler.runUntilSettled(store.commit(1, change(1)));
  await scheduler.runUntilSettled(store.commit(2, change(1)));
  disk.condition = 'full';
  await expect(scheduler.runUntilSettled(store.commit(1, change(2)))).rejects.toMatchObject({ code: 'STORAGE_FULL' });
  await scheduler.runUntilSettled(store.drop(2));
  disk.condition = 'sound';
  expect((await scheduler.runUntilSettled(store.readState(1))).flushedSeq).toBe(1);
  await scheduler.runUntilSettled(store.commit(1, change(2)));
  expect((await scheduler.runUntilSettled(store.readState(1))).flushedSeq).toBe(2);
  expect(await scheduler.runUntilSettled(store.shards())).toEqual([1]);
});

test('on a broken disk the Raft log refuses for good, calls that wait among them', async () => {
  const { scheduler, disk, process } = start(1);
  const store = new SimRaftLogStore(process, disk);
  await scheduler.runUntilSettled(store.begin({ clusterId: 'c', peerId: 1, newDiskId: 'a1'.repeat(16) }));
  disk.condition = 'broken';
  const calls = [1, 2, 3].map((term) => store.persist({ term, votedFor: 0, commitIndex: 0 }, []));
  const outcomes = await scheduler.runUntilSettled(Promise.allSettled(calls));
  expect(
    outcomes.map((outcome) => (outcome.status === 'rejected' ? (outcome.reason as { code: string }).code : 'written')),
  ).toEqual(Array.from({ length: 3 }, () => 'STORAGE_FAILED'));
});

test('a disk that is put back to an earlier time does not know of what came after it', async () => {
  const { scheduler, disk, process } = start(1);
  const begun = async (on: SimProcess, from: SimDisk) => {
    const store = new SimRaftLogStore(on, from);
    const { identity } = await scheduler.runUntilSettled(store.begin({ clusterId: 'c', peerId: 1, newDiskId: 'a1'.repeat(16) }));
    return { store, identity, raft: await scheduler.runUntilSettled(store.load()) };
  };
  const next = (): SimProcess => new SimProcess(scheduler, 'node');
  const { store } = await begun(process, disk);
  await scheduler.runUntilSettled(store.persist({ term: 1, votedFor: 1, commitIndex: 0 }, []));
  const backup = disk.copy(scheduler);
  await scheduler.runUntilSettled(store.persist({ term: 2, votedFor: 2, commitIndex: 0 }, []));
  process.kill();
  expect(await begun(next(), disk)).toMatchObject({ identity: { boot: 2 }, raft: { hardState: { term: 2 } } });
  for (const _ of [1, 2]) {
    expect(await begun(next(), backup.copy(scheduler))).toMatchObject({ identity: { boot: 2 }, raft: { hardState: { term: 1 } } });
  }
});

test('a disk goes on writing while its process is paused', async () => {
  const { scheduler, disk, process } = start(1);
  const journal = new SimJournal(process, disk);
  let isAcked = false;
  void journal.append([row(1)]).then(() => (isAcked = true));
  process.pause();
  await scheduler.runFor(100);
  expect(isAcked).toBe(false);
  process.kill();
  expect(await lastSeq(scheduler, disk)).toBe(1);
  expect(disk.interruptedWrites).toEqual([]);
});
