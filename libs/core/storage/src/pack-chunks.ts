import { CHUNK_WEIGHT_MAX, cutChunks } from './chunk/cut-chunks.ts';
import { encodeChunk, type NewChunkLike } from './chunk/encode-chunk.ts';
import { weightOf } from './chunk/weight.ts';
import type { SortedRows } from './sorted-rows.ts';

/** What a payload should come to at most: SQLite stores it with little waste, and one read of it is cheap. */
const PAYLOAD_SIZE_BYTES_MAX = 64 * 1_024;
/** Less is not worth a chunk of its own, however large the cells are. */
const WEIGHT_MIN = 2_048;
/** What a cell takes before any chunk was made. */
const FIRST_BYTES_PER_WEIGHT = 1;

/** All rows as chunks: those of one measurement after the other, whose series ascend. A few rows are in memory at a time. */
export function packChunks(measurements: Iterable<Iterable<SortedRows>>, tier: number): NewChunkLike[] {
  const chunks: NewChunkLike[] = [];
  let bytesPerWeight = FIRST_BYTES_PER_WEIGHT;
  const weightMax = (): number => Math.min(Math.max(PAYLOAD_SIZE_BYTES_MAX / bytesPerWeight, WEIGHT_MIN), CHUNK_WEIGHT_MAX);
  for (const parts of measurements) {
    for (const rows of cutChunks(parts, weightMax)) {
      const chunk = encodeChunk(rows, tier);
      bytesPerWeight = chunk.payload.length / weightOf(rows);
      chunks.push(chunk);
    }
  }
  return chunks;
}
