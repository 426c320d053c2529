import type { SizeBytes } from '@varve/base';
import type { ShardId, Version } from '@varve/model';

/** What a shard file says of itself. */
export interface ShardState {
  /** Journal rows at or below it are in chunks. */
  readonly flushedSeq: number;
  /** An encoded MutationVector: the frames that are in chunks. */
  readonly vector: Uint8Array;
  /** What it relies on of the watermark; its vector has all that this rests on. */
  readonly watermark: Version;
  /** Something was deleted here once. */
  readonly hadDeletes: boolean;
}

/** A series as the file numbers it, from 1 up. */
export interface StoredSeries {
  readonly seriesId: number;
  readonly key: string;
}

/** Which rows a chunk has. What the numbers mean is decided above. */
export interface StoredExtent {
  /** Both inclusive. */
  readonly firstSeriesId: number;
  readonly lastSeriesId: number;
  /** Offsets from the shard's start in ns, both inclusive, exact below 2^53. */
  readonly minOffsetNs: number;
  readonly maxOffsetNs: number;
  readonly rowCount: number;
  readonly tier: number;
}

/** One sealed chunk, without its bytes. */
export interface StoredChunk extends StoredExtent {
  readonly chunkId: number;
  /** `flushedSeq` of the change that brought it. */
  readonly writtenSeq: number;
  readonly headerSizeBytes: SizeBytes;
  readonly payloadSizeBytes: SizeBytes;
  /** Somebody has found that its bytes are not as they were written: see `markDamaged`. */
  readonly isDamaged: boolean;
}

/** `header` is what a query needs to decide without the payload; both are opaque bytes here. */
export interface NewChunk extends StoredExtent {
  readonly header: Uint8Array;
  readonly payload: Uint8Array;
}

/** A delete. What it hides is decided above. */
export interface StoredTombstone {
  /** The journal row that it came in. */
  readonly seq: number;
  readonly frame: Uint8Array;
}

/** Everything that one flush or merge changes, in one transaction. */
export interface ShardChange {
  readonly series: readonly StoredSeries[];
  readonly chunks: readonly NewChunk[];
  /** Chunks that the new ones replace. */
  readonly removedChunkIds: readonly number[];
  readonly tombstones: readonly StoredTombstone[];
  /** Tombstones that are over. */
  readonly removedTombstoneSeqs: readonly number[];
  readonly state: ShardState;
}

/** One file per shard replica, opened when needed; a bounded number is open at a time. Dumb on purpose. */
export interface ShardStore {
  /** Shards that have a file, ascending. */
  shards(): Promise<readonly ShardId[]>;
  /** A shard without a file has flushedSeq 0, an empty vector (zero bytes), no watermark and no deletes. @throws DbError STORAGE_CORRUPT, STORAGE_NEWER_FORMAT */
  readState(shard: ShardId): Promise<ShardState>;
  readSeries(shard: ShardId): Promise<readonly StoredSeries[]>;
  /** All chunks, ascending by chunkId. */
  readChunks(shard: ShardId): Promise<readonly StoredChunk[]>;
  /** All tombstones, ascending by seq. */
  readTombstones(shard: ShardId): Promise<readonly StoredTombstone[]>;
  /** In the order asked for; undefined where there is no such chunk (a merge may have removed it meanwhile). */
  readHeaders(shard: ShardId, chunkIds: readonly number[]): Promise<readonly (Uint8Array | undefined)[]>;
  /** As `readHeaders`. */
  readPayloads(shard: ShardId, chunkIds: readonly number[]): Promise<readonly (Uint8Array | undefined)[]>;
  /**
   * Resolves when the change survives a power cut; creates the file when there is none. All or nothing. The chunks' bytes are the
   * store's from the call on.
   * @returns ids of the new chunks, in their order and ascending; an id is never given again
   * @throws DbError STORAGE_FULL, STORAGE_FAILED
   */
  commit(shard: ShardId, change: ShardChange): Promise<readonly number[]>;
  /**
   * Remembers that a chunk is damaged, as long as it is there. Resolves when that survives a power cut; a chunk that is gone is no error.
   * @throws DbError STORAGE_CORRUPT, STORAGE_FULL, STORAGE_FAILED
   */
  markDamaged(shard: ShardId, chunkId: number): Promise<void>;
  /** Deletes the file; a shard without one is no error. */
  drop(shard: ShardId): Promise<void>;
  /** Ends what is under way, then refuses with STORAGE_FAILED. */
  close(): Promise<void>;
}
