import { encodeVector } from '@varve/model';
import { ChunksAtHand } from './chunk-bytes.ts';
import type { Damage } from './damage.ts';
import { inSlices } from './in-slices.ts';
import type { FlushPorts } from './flush.ts';
import type { ShardReplica } from './shard-replica.ts';

/**
 * Makes fewer chunks of those that lie over each other, and lets tombstones go that hide nothing any more. Returns whether there was something to merge.
 * A chunk that turns out to be damaged is in no further merge.
 * @throws DbError CHUNK_INVALID, STORAGE_FULL, STORAGE_FAILED: the chunks stay as they are
 */
export async function mergeShard({ clock, shardStore, sliceRowCount, damage }: FlushPorts & { readonly damage: Damage }, replica: ShardReplica): Promise<boolean> {
  const { shard, table } = replica;
  const job = table.planMerge();
  if (job === undefined) return false;
  try {
    const bytes = new ChunksAtHand({ replica, shardStore });
    await bytes.fetchHeaders(job.chunks);
    await bytes.fetchPayloads(job.chunkIds);
    const chunks = await inSlices(clock, sliceRowCount, (rowCountMax) => job.nextChunks(rowCountMax, bytes));
    const state = { flushedSeq: job.flushedSeq, vector: encodeVector(job.vector), watermark: job.watermark };
    const chunkIds = await shardStore.commit(shard, { series: [], chunks, removedChunkIds: job.chunkIds, tombstones: [], removedTombstoneSeqs: job.tombstoneSeqs, state });
    table.completeMerge(job, chunkIds);
    return true;
  } catch (error) {
    table.abandonMerge(job);
    throw damage.explained(replica, error);
  }
}
