import { DbError, type TimestampNs } from '@varve/base';
import { decodeFrame, frameHeader } from '@varve/frame';
import { decodeVector, EMPTY_VECTOR, type NodeId, type ShardId } from '@varve/model';
import type { Journal, ShardStore } from '@varve/ports';
import { JournalIndex } from '@varve/reconcile';
import { ShardTable } from '@varve/storage';
import type { Damage } from './damage.ts';
import type { ShardReplica } from './shard-replica.ts';

/**
 * Opens a shard as it was promised: what its file holds, then the journal rows above `flushedSeq`, in order (W4, F-series
 * of docs/specs/flush.md). A shard that has neither is empty.
 * @throws DbError STORAGE_CORRUPT, STORAGE_NEWER_FORMAT, FRAME_INVALID: the node must not serve the shard then
 */
export async function recoverShard(
  { journal, shardStore, damage }: { readonly journal: Journal; readonly shardStore: ShardStore; readonly damage: Damage },
  { shard, startNs, others }: { readonly shard: ShardId; readonly startNs: TimestampNs; readonly others: readonly NodeId[] },
): Promise<ShardReplica> {
  const { flushedSeq, vector, watermark } = await shardStore.readState(shard);
  const chunks = await shardStore.readChunks(shard);
  const table = ShardTable.open({
    startNs,
    flushedSeq,
    vector: vector.length === 0 ? EMPTY_VECTOR : decodeVector(vector),
    watermark,
    series: await shardStore.readSeries(shard),
    chunks,
    tombstones: await shardStore.readTombstones(shard),
  });
  let journalIndex: JournalIndex | undefined;
  for await (const { seq, frame } of journal.read(shard, 0)) {
    journalIndex ??= new JournalIndex(seq);
    journalIndex.add(seq, frameHeader(frame).mutation);
    // Rows at or below it are in chunks; they are still there for other owners, or until the next trim.
    if (seq <= flushedSeq) continue;
    if (seq !== table.lastSeq + 1) throw new DbError('STORAGE_CORRUPT', `the journal has row ${seq} of shard ${shard}, and its file ends with ${table.lastSeq}: it is of another time`, { shard });
    table.insert(decodeFrame(frame), seq);
  }
  table.raiseWatermark(watermark); // S8: behind the replay.
  const replica: ShardReplica = {
    shard,
    table,
    journalIndex: journalIndex ?? new JournalIndex(table.lastSeq + 1),
    others,
    nextSeq: table.lastSeq + 1,
    journaling: new Set(),
    dirtySinceMs: undefined,
    joiningSinceMs: undefined,
    verified: { count: 0, of: 0 },
    isDropped: false,
    subscription: undefined,
  };
  damage.recall(replica, chunks);
  return replica;
}
