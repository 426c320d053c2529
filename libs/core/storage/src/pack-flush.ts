import { decodeRows } from '@varve/frame';
import type { NewChunkLike } from './chunk/encode-chunk.ts';
import { Memtable, type HeldFrame } from './memtable.ts';
import { packChunks } from './pack-chunks.ts';
import { visibleParts, type Hiding } from './visible-rows.ts';

/** Cells unpacked at a time: two MiB. Fewer cost more calls per frame, more take more memory. */
const BATCH_CELL_COUNT_MAX = 256 * 1_024;

/** What a flush packs: all of it can be cloned, so that another thread may do it. */
export interface FlushInput {
  readonly frames: readonly HeldFrame[];
  /** What may hide rows of these. */
  readonly hiding: readonly Hiding[];
}

/** Sealed frames as chunks of tier 0, without what tombstones hide. */
export function packFlush({ frames, hiding }: FlushInput): NewChunkLike[] {
  const memtable = new Memtable();
  for (const { bytes, seriesIds } of frames) memtable.insert(decodeRows(bytes), seriesIds);
  return packChunks(
    memtable.sorted(BATCH_CELL_COUNT_MAX).map((parts) => visibleParts(parts, hiding)),
    0,
  );
}
