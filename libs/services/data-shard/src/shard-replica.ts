import type { InstantMs } from '@varve/base';
import type { NodeId, ShardId } from '@varve/model';
import type { Subscription } from '@varve/ports';
import type { JournalIndex } from '@varve/reconcile';
import type { ShardTable } from '@varve/storage';

/** One shard that this node owns: its table in memory, and how far its journal has been written. */
export interface ShardReplica {
  readonly shard: ShardId;
  readonly table: ShardTable;
  /** What is in the journal, row by row. */
  readonly journalIndex: JournalIndex;
  /** The other owners, as the newest catalog has them. */
  others: readonly NodeId[];
  /** Given to the next journal row; ahead of the table by the rows being committed. */
  nextSeq: number;
  /** Rows that are being journaled; each settles once its frame is visible, or has failed. */
  readonly journaling: Set<Promise<void>>;
  /** When the oldest frame in the memtable came; undefined while it is empty. */
  dirtySinceMs: number | undefined;
  /** It may lack frames since then (X17); undefined while it serves. */
  joiningSinceMs: InstantMs | undefined;
  /** Against how many of the other owners it was found complete when it last joined. */
  verified: { readonly count: number; readonly of: number };
  /** Rows of its journal that were damaged when it was opened: it lacks their frames. 0 again when all other owners have nothing that it lacks. */
  lostRowCount: number;
  /** Dropped from the catalog: what is under way must not bring it back. */
  isDropped: boolean;
  subscription: Subscription | undefined;
}
