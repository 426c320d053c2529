import type { Background, Clock, Journal, Log, Metrics, ShardStore } from '@varve/ports';
import { metrics as names } from '@varve/telemetry';
import { commitChunks } from './commit-chunks.ts';
import { copyFrames } from './copy-frames.ts';
import type { UpkeepTasks } from './ports.ts';
import type { ShardReplica } from './shard-replica.ts';
import { trimJournal } from './trim.ts';

export interface FlushPorts {
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly journal: Journal;
  readonly shardStore: ShardStore;
  readonly background: Background<UpkeepTasks>;
}

/**
 * Moves a memtable into chunks: seal, pack in the background, one transaction, show, trim. docs/specs/flush.md says why a
 * crash between any two of these is harmless.
 * @throws DbError STORAGE_FULL, STORAGE_FAILED: the memtable stays, and goes with the next flush
 */
export async function flushShard({ clock, metrics, journal, shardStore, background }: FlushPorts, replica: ShardReplica): Promise<void> {
  const startedMs = clock.monotonicMs();
  const job = replica.table.beginFlush();
  replica.dirtySinceMs = undefined;
  if (job === undefined) return;
  try {
    const { frames, buffers } = copyFrames(job.input.frames);
    const chunks = await background.run('packFlush', { ...job.input, frames }, buffers);
    replica.table.completeFlush(job, await commitChunks(shardStore, replica.shard, job.change, chunks));
  } catch (error) {
    replica.table.abandonFlush(job);
    replica.dirtySinceMs ??= startedMs;
    throw error;
  }
  metrics.observe(names.flushDuration, (clock.monotonicMs() - startedMs) / 1000);
  await trimJournal(journal, replica);
}
