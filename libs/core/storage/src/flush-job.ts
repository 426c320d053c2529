import type { MutationVector } from '@varve/model';
import type { NewChunkLike } from './chunk.ts';
import type { StoredChunkLike } from './chunk-directory.ts';
import { ChunkStream } from './chunk-stream.ts';
import { encodeRows, type EncodedRows } from './encode-rows.ts';
import { gatherRows } from './gather-rows.ts';
import type { Memtable } from './memtable.ts';
import { mergeRows } from './rows.ts';
import type { StoredSeriesLike } from './series-index.ts';

/** Cells unpacked at a time: 1 MiB. Fewer cost more calls per frame, more a longer wait for the first chunk of a batch. */
const BATCH_CELL_COUNT_MAX = 128 * 1_024;

/** What a flush moves: sealed frames on their way into chunks. Read it until it is empty, commit, then complete it. */
export class FlushJob {
  /** Series that the shard's file does not have yet. */
  readonly series: readonly StoredSeriesLike[];
  /** What the file's state becomes with the chunks, in the same transaction. */
  readonly flushedSeq: number;
  readonly vector: MutationVector;
  readonly #chunks: ChunkStream;

  constructor(sealed: Memtable, state: Pick<FlushJob, 'series' | 'flushedSeq' | 'vector'>) {
    this.series = state.series;
    this.flushedSeq = state.flushedSeq;
    this.vector = state.vector;
    this.#chunks = new ChunkStream(encodeMemtable(sealed));
  }

  /** The next chunks, of about so many rows; none when all were handed out. */
  nextChunks(rowCountMax: number): readonly NewChunkLike[] {
    return this.#chunks.take(rowCountMax);
  }

  /** The chunks with the ids that the store gave them. */
  stored(chunkIds: readonly number[]): readonly StoredChunkLike[] {
    return this.#chunks.stored(chunkIds);
  }
}

function* encodeMemtable(memtable: Memtable): Generator<EncodedRows> {
  for (const batch of memtable.batches(BATCH_CELL_COUNT_MAX)) {
    const gathered = gatherRows(batch.map(({ pieces }) => pieces));
    for (const [index, { seriesId }] of batch.entries()) yield* encodeRows(seriesId, mergeRows([gathered[index]!]));
  }
}
