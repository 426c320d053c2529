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
/** Fetching a row takes about so much of the work of packing it. */
const GATHERING_SHARE = 0.5;
/** What a cell takes before any chunk was made. */
const FIRST_BYTES_PER_WEIGHT = 1;

/** Chunks that are encoded only as fast as somebody takes them, from rows of which a few are in memory at a time. */
export class ChunkStream {
  readonly #rows: Iterator<SortedRows | number>;
  readonly #tier: number;
  /** What was taken, without the bytes. */
  readonly #taken: Omit<StoredChunkLike, 'chunkId' | 'writtenSeq'>[] = [];
  #bytesPerWeight = FIRST_BYTES_PER_WEIGHT;
  /** The chunk at hand, and what its rows weigh. */
  #encoding: Generator<number, NewChunkLike> | undefined;
  #weight = 0;
  #isDone = false;

  /** Rows of one measurement after the other; the series of each ascend. */
  constructor(measurements: Iterable<Iterable<SortedRows>>, tier: number) {
    this.#rows = this.#cut(measurements);
    this.#tier = tier;
  }

  /** What is finished after work on about so many rows: none where a chunk is not whole yet. Undefined: everything was taken. */
  take(rowCountMax: number): readonly NewChunkLike[] | undefined {
    if (this.#isDone) return undefined;
    const chunks: NewChunkLike[] = [];
    for (let rowCount = 0; rowCount < rowCountMax && !this.#isDone; ) {
      if (this.#encoding === undefined) rowCount += this.#begin() * GATHERING_SHARE;
      else {
        const step = this.#encoding.next();
        if (step.done === true) chunks.push(this.#end(step.value));
        else rowCount += step.value;
      }
    }
    return chunks;
  }

  /** Everything that was taken, as the store has numbered it; it must be everything there was. */
  stored(chunkIds: readonly number[], writtenSeq: number): readonly StoredChunkLike[] {
    assert(this.#isDone, 'chunks were committed before all of them were taken');
    assert(chunkIds.length === this.#taken.length, `${chunkIds.length} ids for ${this.#taken.length} chunks`);
    return this.#taken.map((chunk, index) => ({ ...chunk, chunkId: chunkIds[index]!, writtenSeq }));
  }

  *#cut(measurements: Iterable<Iterable<SortedRows>>): Generator<SortedRows | number> {
    for (const rows of measurements) yield* cutChunks(rows, () => this.#weightMax());
  }

  /** Fetches more rows for the next chunk, or begins with it. @returns how many rows were fetched */
  #begin(): number {
    const { done, value } = this.#rows.next();
    this.#isDone = done === true;
    if (done === true) return 0;
    if (typeof value === 'number') return value;
    this.#encoding = encodeChunk(value, this.#tier);
    this.#weight = weightOf(value);
    return 0;
  }

  #end(chunk: NewChunkLike): NewChunkLike {
    const { header, payload, ...extent } = chunk;
    this.#taken.push({ ...extent, headerSizeBytes: header.length, payloadSizeBytes: payload.length });
    this.#bytesPerWeight = payload.length / this.#weight;
    this.#encoding = undefined;
    return chunk;
  }

  #weightMax(): number {
    return Math.min(Math.max(PAYLOAD_SIZE_BYTES_MAX / this.#bytesPerWeight, WEIGHT_MIN), CHUNK_WEIGHT_MAX);
  }
}
