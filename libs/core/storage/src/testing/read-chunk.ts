import { pageCountOf, type ChunkHeader } from '../chunk/chunk-header.ts';
import { readBlocks } from '../chunk/read-chunk.ts';
import { concatBlocks, type SortedRows } from '../sorted-rows.ts';

/** Everything in a chunk. @throws DbError CHUNK_INVALID */
export function readChunk(header: ChunkHeader, payload: Uint8Array): SortedRows {
  return concatBlocks(Array.from({ length: pageCountOf(header) }, (_, page) => readBlocks(header, payload, page)));
}
