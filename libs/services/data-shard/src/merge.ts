import { encodeVector } from '@varve/model';
import { inSlices } from './in-slices.ts';
import type { FlushPorts } from './flush.ts';
import type { ShardReplica } from './shard-replica.ts';

/**
 * Makes fewer and larger chunks of small and overlapping ones. Returns whether there was something to merge.
 * @throws DbError CHUNK_INVALID, STORAGE_FULL, STORAGE_FAILED: the chunks stay as they are
 */
export async function mergeShard({ clock, shardStore }: FlushPorts, { shard, table }: ShardReplica): Promise<boolean> {
  const job = table.planMerge();
  if (job === undefined) return false;
  try {
    const payloads = new Map<number, Uint8Array>();
    for (const [index, payload] of (await shardStore.readPayloads(shard, job.chunkIds)).entries()) {
      if (payload !== undefined) payloads.set(job.chunkIds[index]!, payload);
    }
    const chunks = await inSlices(clock, (rowCountMax) => job.nextChunks(rowCountMax, payloads));
    const state = { flushedSeq: job.flushedSeq, vector: encodeVector(job.vector) };
    const chunkIds = await shardStore.commit(shard, { series: [], chunks, removedChunkIds: job.chunkIds, state });
    table.completeMerge(job, chunkIds);
    return true;
  } catch (error) {
    table.abandonMerge(job);
    throw error;
  }
}
