import { encodeVector, type ShardId } from '@varve/model';
import type { NewChunk, ShardStore } from '@varve/ports';
import type { FileChange, StoredChunkLike } from '@varve/storage';

/** Commits what a job has packed. Returns the chunks as they are in the file. @throws DbError STORAGE_FULL, STORAGE_FAILED */
export async function commitChunks(shardStore: ShardStore, shard: ShardId, change: FileChange, chunks: readonly NewChunk[]): Promise<readonly StoredChunkLike[]> {
  const { flushedSeq, vector, watermark, hadDeletes, ...parts } = change;
  // Before the commit, which takes the bytes.
  const outlines = chunks.map(({ header, payload, ...extent }) => ({ ...extent, headerSizeBytes: header.length, payloadSizeBytes: payload.length }));
  const chunkIds = await shardStore.commit(shard, { ...parts, chunks, state: { flushedSeq, vector: encodeVector(vector), watermark, hadDeletes } });
  return outlines.map((outline, index) => ({ ...outline, chunkId: chunkIds[index]!, writtenSeq: flushedSeq }));
}
