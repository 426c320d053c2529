import { assert } from '@varve/base';
import type { MutationVector } from '@varve/model';
import { decodeChunk, type NewChunkLike } from './chunk.ts';
import type { ChunkEntry, StoredChunkLike } from './chunk-directory.ts';
import { chunkInvalid } from './chunk-invalid.ts';
import { ChunkStream } from './chunk-stream.ts';
import { encodeRows, type EncodedRows } from './encode-rows.ts';
import { mergeRows } from './rows.ts';

/** Chunk payloads by id. */
export type Payloads = ReadonlyMap<number, Uint8Array>;

/** Fewer and larger chunks for some series. Fetch the payloads, read it until it is empty, commit, then complete it. */
export class MergeJob {
  /** Chunks that the new ones replace: their payloads are needed, and they are removed in the same transaction. */
  readonly chunkIds: readonly number[];
  /** The state of the file, which a merge does not change. */
  readonly flushedSeq: number;
  readonly vector: MutationVector;
  /** Each group holds chunks of one series. */
  readonly groups: readonly (readonly ChunkEntry[])[];
  #chunks: ChunkStream | undefined;

  constructor(groups: readonly (readonly ChunkEntry[])[], state: Pick<MergeJob, 'flushedSeq' | 'vector'>) {
    this.groups = groups;
    this.chunkIds = groups.flat().map(({ chunkId }) => chunkId);
    this.flushedSeq = state.flushedSeq;
    this.vector = state.vector;
  }

  /**
   * The next chunks, of about so many rows; none when all were handed out.
   * @throws DbError CHUNK_INVALID: abandon the merge; the chunks stay as they are
   */
  nextChunks(rowCountMax: number, payloads: Payloads): readonly NewChunkLike[] {
    this.#chunks ??= new ChunkStream(encodeMerged(this.groups, payloads));
    return this.#chunks.take(rowCountMax);
  }

  /** The new chunks with the ids that the store gave them. */
  stored(chunkIds: readonly number[]): readonly StoredChunkLike[] {
    assert(this.#chunks !== undefined, 'a merge without a chunk');
    return this.#chunks.stored(chunkIds);
  }
}

function* encodeMerged(groups: readonly (readonly ChunkEntry[])[], payloads: Payloads): Generator<EncodedRows> {
  for (const chunks of groups) {
    const parts = chunks.map(({ chunkId, header }) => {
      const payload = payloads.get(chunkId);
      if (payload === undefined) throw chunkInvalid(`payload of chunk ${chunkId} is missing`);
      return decodeChunk(header, payload);
    });
    yield* encodeRows(chunks[0]!.seriesId, mergeRows(parts));
  }
}
