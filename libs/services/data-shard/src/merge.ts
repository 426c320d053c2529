import { readChunks } from './chunk-bytes.ts';
import { commitChunks } from './commit-chunks.ts';
import type { Damage } from './damage.ts';
import type { FlushPorts } from './flush.ts';
import type { ShardReplica } from './shard-replica.ts';

/**
 * Makes fewer chunks of those that lie over each other, and lets tombstones go that hide nothing any more. Returns whether there was something to merge.
 * A chunk that turns out to be damaged is in no further merge.
 * @throws DbError CHUNK_INVALID, STORAGE_FULL, STORAGE_FAILED: the chunks stay as they are
 */
export async function mergeShard({ shardStore, background, damage }: FlushPorts & { readonly damage: Damage }, replica: ShardReplica): Promise<boolean> {
  const { shard, table } = replica;
  const job = table.planMerge();
  if (job === undefined) return false;
  try {
    const chunks = await readChunks(shardStore, shard, job.plan.chunks);
    const bytes = chunks.flatMap(({ header, payload }) => [header.buffer, payload.buffer] as ArrayBuffer[]);
    const merged = await background.run('packMerge', { ...job.input, chunks }, bytes);
    table.completeMerge(job, await commitChunks(shardStore, shard, job.change, merged));
    return true;
  } catch (error) {
    table.abandonMerge(job);
    throw damage.explained(replica, error);
  }
}
