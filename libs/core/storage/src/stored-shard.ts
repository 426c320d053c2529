import type { TimestampNs } from '@varve/base';
import type { MutationVector, Version } from '@varve/model';
import type { StoredChunkLike } from './directory/chunk-tree.ts';
import type { StoredSeriesLike } from './series-index.ts';
import type { StoredTombstoneLike } from './tombstones.ts';

/** What the shard's file holds. */
export interface StoredShard {
  /** Where the shard's window starts: offsets count from it. */
  readonly startNs: TimestampNs;
  readonly flushedSeq: number;
  readonly vector: MutationVector;
  readonly watermark: Version;
  /** Something was deleted here: some of the series may have no cell any more. */
  readonly hadDeletes: boolean;
  readonly series: readonly StoredSeriesLike[];
  readonly chunks: readonly StoredChunkLike[];
  readonly tombstones: readonly StoredTombstoneLike[];
}

/** What a damaged chunk has: rows of some series of a measurement, between these times, both inclusive. */
export interface LostRows {
  readonly measurement: string;
  readonly minOffsetNs: number;
  readonly maxOffsetNs: number;
}
