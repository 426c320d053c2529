import { assert } from '@varve/base';
import type { MutationVector } from '@varve/model';
import type { ChunkHeader } from './chunk/chunk-header.ts';
import { chunkInvalid } from './chunk/chunk-invalid.ts';
import type { NewChunkLike } from './chunk/encode-chunk.ts';
import { ChunkStream } from './chunk-stream.ts';
import type { StoredChunkLike } from './directory/chunk-tree.ts';
import { mergeChunks, type OpenChunk } from './merge-chunks.ts';

/** The bytes of chunks, checked, as far as they are at hand. */
export interface ChunkBytes {
  header(chunkId: number): ChunkHeader | undefined;
  payload(chunkId: number): Uint8Array | undefined;
}

/** Fewer chunks for some series. Fetch the bytes, read it until it is empty, commit, then complete it. */
export class MergeJob {
  /** Chunks that the new ones replace: their bytes are needed, and they are removed in the same transaction. */
  readonly chunks: readonly StoredChunkLike[];
  /** The state of the file, which a merge does not change. */
  readonly flushedSeq: number;
  readonly vector: MutationVector;
  #stream: ChunkStream | undefined;

  constructor(chunks: readonly StoredChunkLike[], state: Pick<MergeJob, 'flushedSeq' | 'vector'>) {
    this.chunks = chunks;
    this.flushedSeq = state.flushedSeq;
    this.vector = state.vector;
  }

  get chunkIds(): readonly number[] {
    return this.chunks.map(({ chunkId }) => chunkId);
  }

  /**
   * What is finished after work on about so many rows. Undefined: everything was handed out.
   * @throws DbError CHUNK_INVALID: abandon the merge; the chunks stay as they are
   */
  nextChunks(rowCountMax: number, bytes: ChunkBytes): readonly NewChunkLike[] | undefined {
    this.#stream ??= new ChunkStream([mergeChunks(this.chunkIds.map((chunkId) => partOf(chunkId, bytes)))], this.chunks[0]!.tier + 1);
    return this.#stream.take(rowCountMax);
  }

  /** The new chunks with the ids that the store gave them. */
  stored(chunkIds: readonly number[]): readonly StoredChunkLike[] {
    assert(this.#stream !== undefined, 'a merge without a chunk');
    return this.#stream.stored(chunkIds);
  }
}

function partOf(chunkId: number, bytes: ChunkBytes): OpenChunk {
  const [header, payload] = [bytes.header(chunkId), bytes.payload(chunkId)];
  if (header === undefined || payload === undefined) throw chunkInvalid(`chunk ${chunkId} is missing`);
  return { chunkId, header, payload };
}
