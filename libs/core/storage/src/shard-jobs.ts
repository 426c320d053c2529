import type { MutationVector, Version } from '@varve/model';
import type { StoredChunkLike } from './directory/chunk-tree.ts';
import type { FlushInput } from './pack-flush.ts';
import type { MergeInput } from './pack-merge.ts';
import type { StoredSeriesLike } from './series-index.ts';
import type { StoredTombstoneLike } from './tombstones.ts';

/** What changes in the shard's file together with the chunks of a job, in one transaction. */
export interface FileChange {
  /** Series that it does not have yet. */
  readonly series: readonly StoredSeriesLike[];
  /** Chunks that the new ones replace. */
  readonly removedChunkIds: readonly number[];
  /** Tombstones that it does not have yet. */
  readonly tombstones: readonly StoredTombstoneLike[];
  /** Tombstones that hide nothing any more. */
  readonly removedTombstoneSeqs: readonly number[];
  /** What its state becomes. */
  readonly flushedSeq: number;
  readonly vector: MutationVector;
  readonly watermark: Version;
  readonly hadDeletes: boolean;
}

/** Sealed frames on their way into chunks. Pack them, commit, then complete it. */
export interface FlushJob {
  readonly kind: 'flush';
  readonly change: FileChange;
  readonly input: FlushInput;
}

/** What a merge does: no chunks and no tombstones make no merge. */
export interface MergePlan {
  readonly chunks: readonly StoredChunkLike[];
  /** The new chunks are of the old ones' tier: less of the same rows, instead of fewer chunks. */
  readonly isRewrite: boolean;
  readonly tombstoneSeqs: readonly number[];
}

/** Fewer chunks for some series. Fetch their bytes, pack them, commit, then complete it. */
export interface MergeJob {
  readonly kind: 'merge';
  readonly change: FileChange;
  readonly plan: MergePlan;
  /** Beside the bytes of the plan's chunks. */
  readonly input: Omit<MergeInput, 'chunks'>;
}
