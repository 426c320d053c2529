import type { SizeBytes } from '@varve/base';
import type { ShardId } from '@varve/model';

/** One promised frame. `seq` counts from 1 per shard without holes; the service gives it out. */
export interface JournalRow {
  readonly shard: ShardId;
  readonly seq: number;
  readonly frame: Uint8Array;
}

/** A row that is not as it was written. What its frame was nobody knows. */
export interface DamagedJournalRow {
  readonly shard: ShardId;
  readonly seq: number;
  readonly frame: undefined;
  /** For people: where, and how it shows. */
  readonly damage: string;
}

/** Where a shard's rows stand in the journal. */
export interface JournalExtent {
  readonly shard: ShardId;
  readonly firstSeq: number;
  readonly lastSeq: number;
}

/**
 * What a data node has promised: one journal for all its shards. Dumb on purpose: what a frame means is decided above.
 */
export interface Journal {
  /**
   * Resolves when every frame survives a power cut. Concurrent calls share one commit. All or none per call; calls are
   * committed in the order they were made. After a failure the journal is broken: every later append fails too. Frames
   * must not change until then.
   * @throws DbError STORAGE_FULL, STORAGE_FAILED
   */
  append(rows: readonly JournalRow[]): Promise<void>;
  /**
   * Rows of one shard above `afterSeq`, ascending. A row whose own bytes are damaged is there without its frame.
   * @throws DbError STORAGE_CORRUPT when it is more than that
   */
  read(shard: ShardId, afterSeq: number): AsyncIterable<JournalRow | DamagedJournalRow>;
  /** Every shard that has rows. */
  extents(): Promise<readonly JournalExtent[]>;
  /**
   * Rows of the shard at or below `throughSeq` are needed no more and are not read any more; space is given back when it
   * is cheap. A crash may bring rows back, never others than these.
   */
  trim(shard: ShardId, throughSeq: number): Promise<void>;
  /** Bytes on disk now. */
  sizeBytes(): Promise<SizeBytes>;
  /** Commits what was appended, then refuses with STORAGE_FAILED. */
  close(): Promise<void>;
}
