import { assert } from '@varve/base';
import { CHUNK_WEIGHT_MAX, cutChunks } from './chunk/cut-chunks.ts';
import { weightOf } from './chunk/weight.ts';
import { encodeChunk, type NewChunkLike } from './chunk/encode-chunk.ts';
import type { StoredChunkLike } from './directory/chunk-tree.ts';
import type { SortedRows } from './sorted-rows.ts';

/** What a payload should come to at most: SQLite stores it with little waste, and one read of it is cheap. */
const PAYLOAD_SIZE_BYTES_MAX = 64 * 1_024;
/** Less is not worth a chunk of its own, however large the cells are. */
const WEIGHT_MIN = 2_048;
/** What a cell takes before any chunk was made. */
const FIRST_BYTES_PER_WEIGHT = 1;

/** Chunks that are encoded only as fast as somebody takes them, from rows of which a few are in memory at a time. */
export class ChunkStream {
  readonly #rows: Iterator<SortedRows>;
  readonly #tier: number;
  /** What was taken, without the bytes. */
  readonly #taken: Omit<StoredChunkLike, 'chunkId'>[] = [];
  #bytesPerWeight = FIRST_BYTES_PER_WEIGHT;
  #isDone = false;

  /** Rows of one measurement after the other; the series of each ascend. */
  constructor(measurements: Iterable<Iterable<SortedRows>>, tier: number) {
    this.#rows = this.#cut(measurements);
    this.#tier = tier;
  }

  /** The next chunks of about so many rows, at least one while there is one. */
  take(rowCountMax: number): readonly NewChunkLike[] {
    const chunks: NewChunkLike[] = [];
    let rowCount = 0;
    while (!this.#isDone && (rowCount < rowCountMax || chunks.length === 0)) {
      const { done, value } = this.#rows.next();
      this.#isDone = done === true;
      if (done === true) break;
      const chunk = encodeChunk(value, this.#tier);
      this.#learn(chunk, value);
      chunks.push(chunk);
      rowCount += chunk.rowCount;
    }
    return chunks;
  }

  /** Everything that was taken, as the store has numbered it; it must be everything there was. */
  stored(chunkIds: readonly number[]): readonly StoredChunkLike[] {
    assert(this.#isDone, 'chunks were committed before all of them were taken');
    assert(chunkIds.length === this.#taken.length, `${chunkIds.length} ids for ${this.#taken.length} chunks`);
    return this.#taken.map((chunk, index) => ({ ...chunk, chunkId: chunkIds[index]! }));
  }

  *#cut(measurements: Iterable<Iterable<SortedRows>>): Generator<SortedRows> {
    for (const rows of measurements) yield* cutChunks(rows, () => this.#weightMax());
  }

  #learn({ header, payload, ...extent }: NewChunkLike, rows: SortedRows): void {
    this.#taken.push({ ...extent, headerSizeBytes: header.length, payloadSizeBytes: payload.length });
    this.#bytesPerWeight = payload.length / weightOf(rows);
  }

  #weightMax(): number {
    return Math.min(Math.max(PAYLOAD_SIZE_BYTES_MAX / this.#bytesPerWeight, WEIGHT_MIN), CHUNK_WEIGHT_MAX);
  }
}
