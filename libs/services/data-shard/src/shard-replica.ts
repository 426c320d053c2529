import type { ShardId } from '@varve/model';
import type { Subscription } from '@varve/ports';
import type { ShardTable } from '@varve/storage';

/** One shard that this node owns: its table in memory, and how far its journal has been written. */
export interface ShardReplica {
  readonly shard: ShardId;
  readonly table: ShardTable;
  /** Given to the next journal row; ahead of the table by the rows being committed. */
  nextSeq: number;
  /** When the oldest frame in the memtable came; undefined while it is empty. */
  dirtySinceMs: number | undefined;
  /** Dropped from the catalog: what is under way must not bring it back. */
  isDropped: boolean;
  subscription: Subscription | undefined;
}
