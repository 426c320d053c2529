import { compareVersions, type Version } from '@varve/model';
import { extremesOf } from './chunk/numbers.ts';
import type { RowVersions } from './row-versions.ts';
import { lowerBound, pickVersioned, type VersionedRows } from './rows.ts';
import type { SortedRows } from './sorted-rows.ts';
import { mayHide, type HeldTombstone } from './tombstones.ts';

/*
 * What tombstones leave of rows. A row is hidden as a whole: its cells have one time and one version. Hiding comes before
 * merging, and might as well come after it: when the greatest version of a cell is hidden, so are all others.
 */

/** Rows of a time whose ordinal is below a bound: they have a lower version than a tombstone. */
interface Hidden {
  readonly startOffsetNs: number;
  readonly endOffsetNs: number;
  readonly ordinalEnd: number;
}

/** A tombstone without its predicate: the series that it matches have these ids, ascending. */
export interface Hiding extends Pick<HeldTombstone, 'startOffsetNs' | 'endOffsetNs' | 'version'> {
  readonly seriesIds: Uint32Array;
}

/** The rows of a series that none of its tombstones hides. */
export function visibleRows(rows: VersionedRows, tombstones: readonly HeldTombstone[]): VersionedRows {
  if (tombstones.length === 0) return rows;
  const kept = keptRows(rows, hiddenBy(tombstones, rows.versions.versions), { startRow: 0, endRow: rows.offsetsNs.length });
  if (kept.length === rows.offsetsNs.length) return rows;
  return pickVersioned(rows, Int32Array.from(kept));
}

/** The parts without hidden rows; a part of which nothing is left is left out. */
export function* visibleParts(parts: Iterable<SortedRows>, hiding: readonly Hiding[]): Generator<SortedRows> {
  for (const part of parts) {
    const visible = visibleBlocks(part, hiding);
    if (visible.offsetsNs.length > 0) yield visible;
  }
}

function visibleBlocks(rows: SortedRows, hiding: readonly Hiding[]): SortedRows {
  if (hiding.length === 0) return rows;
  const { seriesIds, starts, versions } = rows;
  const extent = extentOf(rows);
  const relevant = hiding.filter((each) => mayHide(each, extent));
  if (relevant.length === 0) return rows;
  const kept: number[] = [];
  const [keptIds, keptStarts]: [number[], number[]] = [[], []];
  for (const [block, seriesId] of seriesIds.entries()) {
    const hidden = hiddenBy(relevant.filter(({ seriesIds: ids }) => ids[lowerBound(ids, seriesId)] === seriesId), versions.versions);
    const ofBlock = keptRows(rows, hidden, { startRow: starts[block]!, endRow: starts[block + 1]! });
    if (ofBlock.length === 0) continue;
    keptIds.push(seriesId);
    keptStarts.push(kept.length);
    for (const row of ofBlock) kept.push(row);
  }
  if (kept.length === rows.offsetsNs.length) return rows;
  return { seriesIds: Uint32Array.from(keptIds), starts: Uint32Array.from([...keptStarts, kept.length]), ...pickVersioned(rows, Int32Array.from(kept)) };
}

/** The times of the rows, and a version that is not above any of theirs. */
function extentOf({ offsetsNs, versions }: VersionedRows): { minNs: number; maxNs: number; least: Version } {
  const [minNs, maxNs] = extremesOf(offsetsNs);
  return { minNs, maxNs, least: versions.versions[0]! };
}

function hiddenBy(tombstones: readonly Pick<HeldTombstone, 'startOffsetNs' | 'endOffsetNs' | 'version'>[], versions: readonly Version[]): readonly Hidden[] {
  return tombstones.map(({ startOffsetNs, endOffsetNs, version }) => ({ startOffsetNs, endOffsetNs, ordinalEnd: countBelow(versions, version) }));
}

function keptRows({ offsetsNs, versions }: { readonly offsetsNs: Float64Array; readonly versions: RowVersions }, hidden: readonly Hidden[], { startRow, endRow }: { readonly startRow: number; readonly endRow: number }): number[] {
  const kept: number[] = [];
  for (let row = startRow; row < endRow; row += 1) {
    const [offsetNs, ordinal] = [offsetsNs[row]!, versions.ordinals[row]!];
    if (!hidden.some((each) => each.startOffsetNs <= offsetNs && offsetNs < each.endOffsetNs && ordinal < each.ordinalEnd)) kept.push(row);
  }
  return kept;
}

/** How many of ascending versions are below the bound. */
export function countBelow(versions: readonly Version[], bound: Version): number {
  let count = 0;
  while (count < versions.length && compareVersions(versions[count]!, bound) < 0) count += 1;
  return count;
}
