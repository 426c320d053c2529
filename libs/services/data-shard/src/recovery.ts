import { assert, type TimestampNs } from '@varve/base';
import { decodeFrame } from '@varve/frame';
import { decodeVector, EMPTY_VECTOR, type ShardId } from '@varve/model';
import type { Journal, ShardStore } from '@varve/ports';
import { ShardTable } from '@varve/storage';
import type { ShardReplica } from './shard-replica.ts';

/**
 * Opens a shard as it was promised: what its file holds, then the journal rows above `flushedSeq`, in order (W4, F-series
 * of docs/specs/flush.md). A shard that has neither is empty.
 * @throws DbError STORAGE_CORRUPT, STORAGE_NEWER_FORMAT, FRAME_INVALID: the node must not serve the shard then
 */
export async function recoverShard(
  { journal, shardStore }: { readonly journal: Journal; readonly shardStore: ShardStore },
  { shard, startNs }: { readonly shard: ShardId; readonly startNs: TimestampNs },
): Promise<ShardReplica> {
  const { flushedSeq, vector } = await shardStore.readState(shard);
  const table = ShardTable.open({
    startNs,
    flushedSeq,
    vector: vector.length === 0 ? EMPTY_VECTOR : decodeVector(vector),
    series: await shardStore.readSeries(shard),
    chunks: await shardStore.readChunkHeaders(shard),
  });
  for await (const row of journal.read(shard, flushedSeq)) {
    assert(row.seq === table.lastSeq + 1, `journal row ${row.seq} of shard ${shard} after ${table.lastSeq}`);
    table.insert(decodeFrame(row.frame), row.seq);
  }
  return {
    shard,
    table,
    nextSeq: table.lastSeq + 1,
    dirtySinceMs: undefined,
    isDropped: false,
    subscription: undefined,
  };
}
