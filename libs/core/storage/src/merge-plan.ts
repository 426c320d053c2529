import type { ChunkEntry } from './chunk-directory.ts';
import { CHUNK_ROW_COUNT_MAX } from './encode-rows.ts';

/** Fewer chunks of a series are never merged. */
export const MERGE_CHUNK_COUNT_MIN = 4;
/** Rows unpacked at once. */
const ROW_COUNT_MAX = 4 * CHUNK_ROW_COUNT_MAX;

/**
 * The chunks of one series to merge next, undefined when none are worth it. Size-tiered: at least four neighbours in time,
 * of which neither the largest nor all full ones together have more than half of the rows; so each rewrite of a row at
 * least doubles the chunk it is in. A full chunk that no other overlaps is left alone for ever.
 */
export function planSeriesMerge(chunks: readonly ChunkEntry[]): readonly ChunkEntry[] | undefined {
  for (const run of runsOf(chunks)) {
    for (let first = 0; first + MERGE_CHUNK_COUNT_MIN <= run.length; first += 1) {
      const end = longestFrom(run, first);
      if (end !== undefined) return run.slice(first, end);
    }
  }
  return undefined;
}

/** Neighbours without a full chunk between them that is alone. */
function runsOf(chunks: readonly ChunkEntry[]): ChunkEntry[][] {
  const runs: ChunkEntry[][] = [[]];
  let endOffsetNs = -Infinity;
  for (const [index, chunk] of chunks.entries()) {
    const next = chunks[index + 1];
    const isAlone = endOffsetNs < chunk.minOffsetNs && (next === undefined || chunk.maxOffsetNs < next.minOffsetNs);
    endOffsetNs = Math.max(endOffsetNs, chunk.maxOffsetNs);
    if (isAlone && isFull(chunk)) runs.push([]);
    else runs.at(-1)!.push(chunk);
  }
  return runs;
}

/** Where the longest row of chunks from here ends that is worth it. */
function longestFrom(run: readonly ChunkEntry[], first: number): number | undefined {
  let rowCount = 0;
  let fullRowCount = 0;
  let largest = 0;
  let longest: number | undefined;
  for (let index = first; index < run.length; index += 1) {
    const chunk = run[index]!;
    rowCount += chunk.estimatedRowCount;
    if (rowCount > ROW_COUNT_MAX) break;
    if (isFull(chunk)) fullRowCount += chunk.estimatedRowCount;
    largest = Math.max(largest, chunk.estimatedRowCount);
    const isWorthIt = index + 1 - first >= MERGE_CHUNK_COUNT_MIN && Math.max(largest, fullRowCount) * 2 <= rowCount;
    if (isWorthIt) longest = index + 1;
  }
  return longest;
}

/** A chunk that was cut because it was full has at least half of what it may have. */
function isFull({ estimatedRowCount }: ChunkEntry): boolean {
  return estimatedRowCount >= CHUNK_ROW_COUNT_MAX / 2;
}
