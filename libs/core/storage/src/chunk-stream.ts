import { assert } from '@varve/base';
import type { NewChunkLike } from './chunk.ts';
import type { StoredChunkLike } from './chunk-directory.ts';
import type { EncodedRows } from './encode-rows.ts';

/** Chunks that are encoded only as fast as somebody takes them. */
export class ChunkStream {
  readonly #encoded: Iterator<EncodedRows>;
  /** What was taken, without the payloads. */
  readonly #taken: Omit<StoredChunkLike, 'chunkId'>[] = [];
  #isDone = false;

  constructor(encoded: Iterator<EncodedRows>) {
    this.#encoded = encoded;
  }

  /** The next chunks of about so many rows, at least one while there is one. */
  take(rowCountMax: number): readonly NewChunkLike[] {
    const chunks: NewChunkLike[] = [];
    let rowCount = 0;
    while (!this.#isDone && (rowCount < rowCountMax || chunks.length === 0)) {
      const { done, value } = this.#encoded.next();
      this.#isDone = done === true;
      if (done === true) break;
      chunks.push(value.chunk);
      rowCount += value.rowCount;
    }
    for (const { payload, ...rest } of chunks) this.#taken.push({ ...rest, payloadSizeBytes: payload.length });
    return chunks;
  }

  /** Everything that was taken, as the store has numbered it; it must be everything there was. */
  stored(chunkIds: readonly number[]): readonly StoredChunkLike[] {
    assert(this.#isDone, 'chunks were committed before all of them were taken');
    assert(chunkIds.length === this.#taken.length, `${chunkIds.length} ids for ${this.#taken.length} chunks`);
    return this.#taken.map((chunk, index) => ({ ...chunk, chunkId: chunkIds[index]! }));
  }
}
