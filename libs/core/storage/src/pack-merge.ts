import { namingChunk } from './chunk/chunk-invalid.ts';
import type { NewChunkLike } from './chunk/encode-chunk.ts';
import { openHeader } from './chunk/open-header.ts';
import { checkPayload } from './chunk/read-chunk.ts';
import type { StoredChunkLike } from './directory/chunk-tree.ts';
import { mergeChunks, type OpenChunk } from './merge-chunks.ts';
import { packChunks } from './pack-chunks.ts';
import { settledParts, type Settling } from './settle-rows.ts';
import { visibleParts, type Hiding } from './visible-rows.ts';

/** A chunk as the store gives it out. */
export interface ChunkToMerge {
  readonly chunk: StoredChunkLike;
  readonly header: Uint8Array;
  readonly payload: Uint8Array;
}

/** What a merge packs: all of it can be cloned, so that another thread may do it. */
export interface MergeInput {
  readonly chunks: readonly ChunkToMerge[];
  /** What may hide rows of these. */
  readonly hiding: readonly Hiding[];
  readonly settling: Settling;
  /** Of the new chunks. */
  readonly tier: number;
}

/** The same rows in fewer chunks, without what tombstones hide. @throws DbError CHUNK_INVALID with the fact `chunkId` */
export function packMerge({ chunks, hiding, settling, tier }: MergeInput): NewChunkLike[] {
  const merged = mergeChunks(chunks.map(openChunk));
  return packChunks([settledParts(visibleParts(merged, hiding), settling)], tier);
}

function openChunk({ chunk, header, payload }: ChunkToMerge): OpenChunk {
  const { chunkId } = chunk;
  return namingChunk(chunkId, () => {
    const opened = openHeader(chunk, header);
    checkPayload(opened, payload);
    return { chunkId, header: opened, payload };
  });
}
