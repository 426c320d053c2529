import { assert } from '@varve/base';
import type { MutationVector, Version } from '@varve/model';
import type { ChunkHeader } from './chunk/chunk-header.ts';
import { chunkInvalid } from './chunk/chunk-invalid.ts';
import type { NewChunkLike } from './chunk/encode-chunk.ts';
import { ChunkStream } from './chunk-stream.ts';
import type { StoredChunkLike } from './directory/chunk-tree.ts';
import { mergeChunks, type OpenChunk } from './merge-chunks.ts';
import { settledParts, type Settling } from './settle-rows.ts';
import type { Tombstones } from './tombstones.ts';
import { visibleParts } from './visible-rows.ts';

/** The bytes of chunks, checked, as far as they are at hand. */
export interface ChunkBytes {
  header(chunkId: number): ChunkHeader | undefined;
  payload(chunkId: number): Uint8Array | undefined;
}

/** What a merge does: no chunks and no tombstones make no merge. */
export interface MergePlan {
  readonly chunks: readonly StoredChunkLike[];
  /** The new chunks are of the old ones' tier: less of the same rows, instead of fewer chunks. */
  readonly isRewrite: boolean;
  readonly tombstoneSeqs: readonly number[];
}

/** The file's state, which a merge does not change but for the watermark that it relies on (S6). */
interface MergeState {
  readonly flushedSeq: number;
  readonly vector: MutationVector;
  readonly watermark: Version;
}

/** Fewer chunks for some series, without what tombstones hide. Fetch the bytes, read it until it is empty, commit, then complete it. */
export class MergeJob {
  /** Chunks that the new ones replace: their bytes are needed, and they are removed in the same transaction. */
  readonly chunks: readonly StoredChunkLike[];
  /** Tombstones that hide nothing any more: they are removed in the same transaction. */
  readonly tombstoneSeqs: readonly number[];
  readonly flushedSeq: number;
  readonly vector: MutationVector;
  readonly watermark: Version;
  readonly isRewrite: boolean;
  readonly #hiding: Tombstones;
  readonly #settling: Settling;
  #stream: ChunkStream | undefined;

  constructor({ chunks, isRewrite, tombstoneSeqs }: MergePlan, state: MergeState, hiding: Tombstones, settling: Settling) {
    this.chunks = chunks;
    this.tombstoneSeqs = tombstoneSeqs;
    this.isRewrite = isRewrite;
    this.#hiding = hiding;
    this.#settling = settling;
    this.flushedSeq = state.flushedSeq;
    this.vector = state.vector;
    this.watermark = state.watermark;
  }

  get chunkIds(): readonly number[] {
    return this.chunks.map(({ chunkId }) => chunkId);
  }

  /**
   * What is finished after work on about so many rows. Undefined: everything was handed out.
   * @throws DbError CHUNK_INVALID: abandon the merge; the chunks stay as they are
   */
  nextChunks(rowCountMax: number, bytes: ChunkBytes): readonly NewChunkLike[] | undefined {
    this.#stream ??= this.#open(bytes);
    return this.#stream.take(rowCountMax);
  }

  /** The new chunks with the ids that the store gave them. */
  stored(chunkIds: readonly number[]): readonly StoredChunkLike[] {
    assert(this.#stream !== undefined, 'a merge without a chunk');
    return this.#stream.stored(chunkIds, this.flushedSeq);
  }

  #open(bytes: ChunkBytes): ChunkStream {
    const merged = mergeChunks(this.chunkIds.map((chunkId) => partOf(chunkId, bytes)));
    const visible = visibleParts(merged, this.#hiding);
    const tier = this.chunks[0]?.tier ?? 0;
    return new ChunkStream([settledParts(visible, this.#settling)], this.isRewrite ? tier : tier + 1);
  }
}

function partOf(chunkId: number, bytes: ChunkBytes): OpenChunk {
  const [header, payload] = [bytes.header(chunkId), bytes.payload(chunkId)];
  if (header === undefined || payload === undefined) throw chunkInvalid(`chunk ${chunkId} is missing`, { chunkId });
  return { chunkId, header, payload };
}
