import { chunkInvalid } from './chunk-invalid.ts';
import { decodeChunkHeader, type ChunkHeader } from './chunk-header.ts';
import type { ChunkExtent } from './encode-chunk.ts';
import { extremesOf } from './numbers.ts';

/** The header of a chunk that a store knows: it must be this chunk's, and no other's. @throws DbError CHUNK_INVALID */
export function openHeader(extent: ChunkExtent, bytes: Uint8Array): ChunkHeader {
  const header = decodeChunkHeader(bytes);
  const isItsOwn =
    header.seriesIds[0] === extent.firstSeriesId &&
    header.seriesIds.at(-1) === extent.lastSeriesId &&
    header.rowCount === extent.rowCount &&
    header.tier === extent.tier &&
    extremesOf(header.minOffsetsNs)[0] === extent.minOffsetNs &&
    extremesOf(header.maxOffsetsNs)[1] === extent.maxOffsetNs;
  if (!isItsOwn) throw chunkInvalid('the header of a chunk is another chunk’s', { firstSeriesId: extent.firstSeriesId, minOffsetNs: extent.minOffsetNs });
  return header;
}
