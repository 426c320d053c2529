import type { Version } from '@varve/model';
import type { StoredChunkLike } from './directory/chunk-tree.ts';
import { rowVersions } from './row-versions.ts';
import { normalized, type SortedRows } from './sorted-rows.ts';
import { countBelow } from './visible-rows.ts';

/** Which rows of a merge are settled: those below the bound that no chunk outside of it may meet. docs/specs/watermark.md. */
export interface Settling {
  /** No row with a lower version is anywhere but in chunks, and none will come. No frame has this version. */
  readonly bound: Version;
  /** Chunks outside of the merge that overlap it. */
  readonly outside: readonly Pick<StoredChunkLike, 'firstSeriesId' | 'lastSeriesId' | 'minOffsetNs' | 'maxOffsetNs'>[];
}

/** The same rows, of which the settled ones have the bound for their version (S13). */
export function* settledParts(parts: Iterable<SortedRows>, settling: Settling): Generator<SortedRows> {
  for (const part of parts) yield settledRows(part, settling);
}

/** Rows of all blocks must be in normal form, each series in one block: so the greatest version of each cell has won. */
function settledRows(rows: SortedRows, { bound, outside }: Settling): SortedRows {
  const { seriesIds, starts, offsetsNs, versions } = rows;
  const ordinalEnd = countBelow(versions.versions, bound);
  if (ordinalEnd === 0) return rows;
  const ordinals = versions.ordinals.slice();
  for (const [block, seriesId] of seriesIds.entries()) {
    const met = outside.filter(({ firstSeriesId, lastSeriesId }) => firstSeriesId <= seriesId && seriesId <= lastSeriesId);
    for (let row = starts[block]!; row < starts[block + 1]!; row += 1) {
      const offsetNs = offsetsNs[row]!;
      const isSettled = ordinals[row]! < ordinalEnd && !met.some(({ minOffsetNs, maxOffsetNs }) => minOffsetNs <= offsetNs && offsetNs <= maxOffsetNs);
      if (isSettled) ordinals[row] = versions.versions.length;
    }
  }
  return normalized({ ...rows, versions: rowVersions([...versions.versions, bound], ordinals) }); // S15
}
