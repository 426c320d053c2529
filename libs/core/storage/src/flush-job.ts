import type { MutationVector, Version } from '@varve/model';
import type { NewChunkLike } from './chunk/encode-chunk.ts';
import { ChunkStream } from './chunk-stream.ts';
import type { StoredChunkLike } from './directory/chunk-tree.ts';
import type { Memtable } from './memtable.ts';
import type { StoredSeriesLike } from './series-index.ts';
import type { StoredTombstoneLike, Tombstones } from './tombstones.ts';
import { visibleParts } from './visible-rows.ts';

/** Cells unpacked at a time: half a MiB. Fewer cost more calls per frame, more a longer wait for the first chunk of a batch. */
const BATCH_CELL_COUNT_MAX = 64 * 1_024;

/** What a flush moves: sealed frames on their way into chunks. Read it until it is empty, commit, then complete it. */
export class FlushJob {
  /** Series that the shard's file does not have yet. */
  readonly series: readonly StoredSeriesLike[];
  /** Tombstones that the shard's file does not have yet. */
  readonly tombstones: readonly StoredTombstoneLike[];
  /** What the file's state becomes with the chunks, in the same transaction. */
  readonly flushedSeq: number;
  readonly vector: MutationVector;
  readonly watermark: Version;
  readonly #chunks: ChunkStream;

  constructor(sealed: Memtable, state: Pick<FlushJob, 'series' | 'tombstones' | 'flushedSeq' | 'vector' | 'watermark'>, hiding: Tombstones) {
    this.series = state.series;
    this.tombstones = state.tombstones;
    this.flushedSeq = state.flushedSeq;
    this.vector = state.vector;
    this.watermark = state.watermark;
    this.#chunks = new ChunkStream(
      sealed.sorted(BATCH_CELL_COUNT_MAX).map((parts) => visibleParts(parts, hiding)),
      0,
    );
  }

  /** What is finished after work on about so many rows. Undefined: everything was handed out. */
  nextChunks(rowCountMax: number): readonly NewChunkLike[] | undefined {
    return this.#chunks.take(rowCountMax);
  }

  /** The chunks with the ids that the store gave them. */
  stored(chunkIds: readonly number[]): readonly StoredChunkLike[] {
    return this.#chunks.stored(chunkIds, this.flushedSeq);
  }
}
