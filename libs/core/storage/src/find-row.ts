import type { StoredChunkLike } from './directory/chunk-tree.ts';
import { addBlocks, heldSource, rowsOf, type BlockSource, type ChunkBytes, type SeriesPlaces, type SeriesRead } from './read-pieces.ts';
import { NO_FIELDS } from './wanted-fields.ts';

/** Whether there is such a row; or which bytes must be fetched before more can be said. */
export type RowSearch =
  | { readonly kind: 'found' | 'none' }
  | { readonly kind: 'missingHeaders'; readonly chunks: readonly StoredChunkLike[] }
  | { readonly kind: 'missingPayload'; readonly chunkId: number };

/** Looks for one visible row of a series, in the cheapest place first. @throws DbError CHUNK_INVALID */
export function findRow(
  read: Pick<SeriesRead, 'seriesId' | 'range' | 'fields'>,
  { chunks, memtables, tombstones }: SeriesPlaces,
  bytes: ChunkBytes,
): RowSearch {
  const { range } = read;
  const blocks: BlockSource[] = [];
  const missing: StoredChunkLike[] = [];
  for (const chunk of chunks) {
    const header = bytes.header(chunk.chunkId);
    if (header === undefined) missing.push(chunk);
    else addBlocks(blocks, read, chunk, { header, tombstones });
  }
  if (missing.length > 0) return { kind: 'missingHeaders', chunks: missing };
  // A block is never empty. Whatever lies over it, a cell of each of its times shows.
  if (blocks.some(({ minNs, maxNs, hiding }) => hiding.length === 0 && minNs >= range.startOffsetNs && maxNs < range.endOffsetNs)) return { kind: 'found' };
  const held = memtables.map((rows) => heldSource(rows, tombstones));
  if (held.some((source) => source.hiding.length === 0 || rowsOf(read, source, bytes).offsetsNs.length > 0)) return { kind: 'found' };
  let missingChunkId: number | undefined;
  for (const block of blocks) {
    if (bytes.payload(block.chunkId) === undefined) missingChunkId ??= block.chunkId;
    else if (rowsOf(read, { ...block, wanted: NO_FIELDS }, bytes).offsetsNs.length > 0) return { kind: 'found' };
  }
  return missingChunkId === undefined ? { kind: 'none' } : { kind: 'missingPayload', chunkId: missingChunkId };
}
