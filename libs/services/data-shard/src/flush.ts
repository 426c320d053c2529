import { encodeVector } from '@varve/model';
import type { Clock, Journal, Log, Metrics, NewChunk, ShardStore } from '@varve/ports';
import { metrics as names } from '@varve/telemetry';
import { inSlices } from './in-slices.ts';
import type { ShardReplica } from './shard-replica.ts';
import { trimJournal } from './trim.ts';

export interface FlushPorts {
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly journal: Journal;
  readonly shardStore: ShardStore;
  /** Rows that may be worked on at a stretch. */
  readonly sliceRowCount: () => number;
}

/**
 * Moves a memtable into chunks: seal, encode in slices, one transaction, show, trim. docs/specs/flush.md says why a crash
 * between any two of these is harmless.
 * @throws DbError STORAGE_FULL, STORAGE_FAILED: the memtable stays, and goes with the next flush
 */
export async function flushShard({ clock, metrics, journal, shardStore, sliceRowCount }: FlushPorts, replica: ShardReplica): Promise<void> {
  const startedMs = clock.monotonicMs();
  const job = replica.table.beginFlush();
  replica.dirtySinceMs = undefined;
  if (job === undefined) return;
  try {
    const chunks: readonly NewChunk[] = await inSlices(clock, sliceRowCount, (rowCountMax) => job.nextChunks(rowCountMax));
    const state = { flushedSeq: job.flushedSeq, vector: encodeVector(job.vector), watermark: job.watermark };
    const chunkIds = await shardStore.commit(replica.shard, { series: job.series, chunks, removedChunkIds: [], tombstones: job.tombstones, removedTombstoneSeqs: [], state });
    replica.table.completeFlush(job, chunkIds);
  } catch (error) {
    replica.table.abandonFlush(job);
    replica.dirtySinceMs ??= startedMs;
    throw error;
  }
  metrics.observe(names.flushDuration, (clock.monotonicMs() - startedMs) / 1000);
  await trimJournal(journal, replica);
}
