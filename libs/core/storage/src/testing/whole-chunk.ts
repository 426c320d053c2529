import { pageCountOf, type ChunkHeader } from '../chunk/chunk-header.ts';
import { encodeChunk, type NewChunkLike } from '../chunk/encode-chunk.ts';
import { readBlocks } from '../chunk/read-chunk.ts';
import { concatBlocks, type SortedRows } from '../sorted-rows.ts';

/** All pages at once. */
export function wholeChunk(rows: SortedRows, tier: number): NewChunkLike {
  const steps = encodeChunk(rows, tier);
  for (let step = steps.next(); ; step = steps.next()) if (step.done === true) return step.value;
}

/** Everything in a chunk. @throws DbError CHUNK_INVALID */
export function readChunk(header: ChunkHeader, payload: Uint8Array): SortedRows {
  return concatBlocks(Array.from({ length: pageCountOf(header) }, (_, page) => readBlocks(header, payload, page)));
}
