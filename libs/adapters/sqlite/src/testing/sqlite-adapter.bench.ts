/** Run with `node libs/adapters/sqlite/src/testing/sqlite-adapter.bench.ts [directory]`: what the disk and this room do. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NO_WATERMARK } from '@varve/model';
import { EMPTY_MEMBERSHIP } from '@varve/ports';
import { openJournal } from '../open-journal.ts';
import { openRaftLogStore } from '../open-raft-log-store.ts';
import { openShardStore } from '../open-shard-store.ts';

const directory = mkdtempSync(join(process.argv[2] ?? tmpdir(), 'varve-bench-'));
try {
  await benchJournal({
    name: 'journal, 300 kB frames, 4 at a time',
    frameSizeBytes: 300_000,
    count: 2_000,
    concurrency: 4,
  });
  await benchJournal({ name: 'journal, 300 B frames, 1 at a time', frameSizeBytes: 300, count: 3_000, concurrency: 1 });
  await benchJournal({
    name: 'journal, 300 B frames, 64 at a time',
    frameSizeBytes: 300,
    count: 60_000,
    concurrency: 64,
  });
  await benchJournal({
    name: 'journal, 300 B frames, 1000 at a time',
    frameSizeBytes: 300,
    count: 200_000,
    concurrency: 1_000,
  });
  await benchRaftLog();
  await benchShardStore();
} finally {
  rmSync(directory, { recursive: true, force: true });
}

/** Appends with so many calls under way, trimming all but the last thousand rows now and then, as a flush does. */
async function benchJournal(run: {
  name: string;
  frameSizeBytes: number;
  count: number;
  concurrency: number;
}): Promise<void> {
  const journal = await openJournal({ directory: join(directory, 'journal') });
  const frame = new Uint8Array(run.frameSizeBytes).map((_, index) => (index * 2_654_435_761) >>> 24);
  let seq = (await journal.extents())[0]?.lastSeq ?? 0;
  const lastSeq = seq + run.count;
  const latenciesMs: number[] = [];
  const appendAll = async (): Promise<void> => {
    while (seq < lastSeq) {
      seq += 1;
      const mySeq = seq;
      const startMs = performance.now();
      await journal.append([{ shard: 1, seq: mySeq, frame }]);
      latenciesMs.push(performance.now() - startMs);
      if (mySeq % 1_000 === 0) await journal.trim(1, mySeq - 500);
    }
  };
  const startMs = performance.now();
  await Promise.all(Array.from({ length: run.concurrency }, appendAll));
  const seconds = (performance.now() - startMs) / 1_000;
  await journal.trim(1, lastSeq);
  const leftBytes = await journal.sizeBytes();
  await journal.close();
  latenciesMs.sort((left, right) => left - right);
  const percentile = (part: number): string => latenciesMs[Math.floor(part * (latenciesMs.length - 1))]!.toFixed(2);
  const megabytes = (run.count * run.frameSizeBytes) / 1e6;
  const rates = `${Math.round(run.count / seconds)} appends/s, ${(megabytes / seconds).toFixed(0)} MB/s`;
  console.log(
    `${run.name}: ${rates}; p50 ${percentile(0.5)} ms, p99 ${percentile(0.99)} ms; ${(leftBytes / 1e6).toFixed(1)} MB left, ${residentMb()} MB resident`,
  );
}

async function benchRaftLog(): Promise<void> {
  const store = await openRaftLogStore({ file: join(directory, 'raft.sqlite') });
  await store.begin({ clusterId: 'bench', peerId: 1, newDiskId: '0'.repeat(32) });
  const payload = new Uint8Array(200);
  const startMs = performance.now();
  for (let index = 1; index <= 2_000; index += 1) {
    await store.persist({ term: 1, votedFor: 1, commitIndex: index - 1 }, [{ index, term: 1, kind: 1, payload }]);
    if (index % 1_000 === 0) await store.compact(index - 10, 1, EMPTY_MEMBERSHIP);
  }
  const seconds = (performance.now() - startMs) / 1_000;
  await store.close();
  console.log(`Raft log, one entry at a time: ${Math.round(2_000 / seconds)} entries/s`);
}

async function benchShardStore(): Promise<void> {
  const store = await openShardStore({ directory: join(directory, 'shards') });
  const chunks = Array.from({ length: 400 }, (_, index) => ({
    ...{ firstSeriesId: index + 1, lastSeriesId: index + 1, minOffsetNs: 0, maxOffsetNs: 1, rowCount: 1, tier: 0 },
    header: new Uint8Array(100),
    payload: new Uint8Array(40_000).map((_, at) => (at * 2_654_435_761) >>> 24),
  }));
  const startMs = performance.now();
  const ids: number[] = [];
  for (let flush = 1; flush <= 10; flush += 1) {
    ids.push(
      ...(await store.commit(1, {
        series: [],
        chunks,
        removedChunkIds: [],
        tombstones: [],
        removedTombstoneSeqs: [],
        state: { flushedSeq: flush, vector: new Uint8Array(10), watermark: NO_WATERMARK, hadDeletes: false },
      })),
    );
  }
  await store.readState(1); // behind the last checkpoint
  const seconds = (performance.now() - startMs) / 1_000;
  const readStartMs = performance.now();
  for (let at = 0; at < ids.length; at += 20) await store.readPayloads(1, ids.slice(at, at + 20));
  const readSeconds = (performance.now() - readStartMs) / 1_000;
  await store.close();
  console.log(
    `shard store, flushes of 16 MB: ${(160 / seconds).toFixed(0)} MB/s; reads of 20 payloads: ${(160 / readSeconds).toFixed(0)} MB/s`,
  );
}

function residentMb(): string {
  return (process.memoryUsage.rss() / 1e6).toFixed(0);
}
