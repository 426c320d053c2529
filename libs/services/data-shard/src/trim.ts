import type { Journal } from '@varve/ports';
import type { ShardReplica } from './shard-replica.ts';

/** Lets go of journal rows that are in chunks (W4). With one owner nobody else needs them. */
export async function trimJournal(journal: Journal, replica: ShardReplica): Promise<void> {
  if (!replica.isDropped) await journal.trim(replica.shard, replica.table.flushedSeq);
}
