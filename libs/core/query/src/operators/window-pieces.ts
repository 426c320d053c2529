import type { WindowGrid } from '../plan/window-grid.ts';
import type { OffsetRange } from './shard-source.ts';

/** A piece has so many times as many windows as the one before: where they are sparse, the end is near soon. */
const GROWTH = 4;

/**
 * Cuts a range at the ends of windows, in the order of the answer, for who wants the first `windowCount` windows that have values: as many
 * windows at first, then more and more. No window is in two pieces.
 */
export function* windowPieces(range: OffsetRange, grid: WindowGrid, { windowCount, isDescending }: { readonly windowCount: number; readonly isDescending: boolean }): Generator<OffsetRange> {
  let { startOffsetNs, endOffsetNs } = range;
  for (let count = Math.max(1, windowCount); startOffsetNs < endOffsetNs; count *= GROWTH) {
    const piece = isDescending ? { startOffsetNs: startOfLast(count, grid, { startOffsetNs, endOffsetNs }), endOffsetNs } : { startOffsetNs, endOffsetNs: endOfFirst(count, grid, { startOffsetNs, endOffsetNs }) };
    yield piece;
    if (isDescending) endOffsetNs = piece.startOffsetNs;
    else startOffsetNs = piece.endOffsetNs;
  }
}

/** Where the first windows of a range end, at its end at the latest. */
function endOfFirst(count: number, grid: WindowGrid, { startOffsetNs, endOffsetNs }: OffsetRange): number {
  const last = grid.indexOf(startOffsetNs) + count - 1;
  return last >= grid.indexOf(endOffsetNs - 1) ? endOffsetNs : grid.endOf(last);
}

/** Where the last windows of a range start, at its start at the earliest. */
function startOfLast(count: number, grid: WindowGrid, { startOffsetNs, endOffsetNs }: OffsetRange): number {
  const first = grid.indexOf(endOffsetNs - 1) - count + 1;
  return first <= grid.indexOf(startOffsetNs) ? startOffsetNs : grid.endOf(first - 1);
}
