import { assert } from '@varve/base';
import { sliceColumn } from './columns.ts';
import { concatVersions, narrowVersions } from './row-versions.ts';
import { concatCells, hasAnyValue, mergeRows, type VersionedRows } from './rows.ts';

/**
 * Rows of several series, one series after the other: what a flush, a merge and a chunk work on, so that nothing is made per
 * series. Rows of a block are in normal form (rows.ts).
 *
 *     blocks   series 3  series 3  series 8
 *     rows     ────────  ───       ────────────       starts[i] to starts[i + 1]
 */
export interface SortedRows extends VersionedRows {
  /** Of each block; ascending. A series may have several blocks, whose times may overlap. */
  readonly seriesIds: Uint32Array;
  /** Where each block starts, and where the last one ends. */
  readonly starts: Uint32Array;
}

/** Blocks [first, end). Shares the arrays. */
export function sliceBlocks(rows: SortedRows, first: number, end: number): SortedRows {
  if (first === 0 && end === rows.seriesIds.length) return rows;
  const [startRow, endRow] = [rows.starts[first]!, rows.starts[end]!];
  return {
    seriesIds: rows.seriesIds.subarray(first, end),
    starts: rows.starts.slice(first, end + 1).map((row) => row - startRow),
    ...sliceAll(rows, startRow, endRow),
  };
}

/** Rows [startRow, endRow) of one block, as a block of their own. */
export function sliceBlock(rows: SortedRows, block: number, startRow: number, endRow: number): SortedRows {
  return {
    seriesIds: rows.seriesIds.subarray(block, block + 1),
    starts: Uint32Array.of(0, endRow - startRow),
    ...sliceAll(rows, startRow, endRow),
  };
}

/** One block with versions of its own: the dictionary of all rows may be long. */
export function blockAlone(rows: SortedRows, block: number): SortedRows {
  const alone = sliceBlocks(rows, block, block + 1);
  return { ...alone, versions: narrowVersions(alone.versions) };
}

/** One after the other. */
export function concatBlocks(parts: readonly SortedRows[]): SortedRows {
  if (parts.length === 1) return parts[0]!;
  assert(parts.length > 0, 'no rows to put together');
  const rowCount = parts.reduce((sum, { offsetsNs }) => sum + offsetsNs.length, 0);
  const blockCount = parts.reduce((sum, { seriesIds }) => sum + seriesIds.length, 0);
  const [seriesIds, starts] = [new Uint32Array(blockCount), new Uint32Array(blockCount + 1)];
  let [row, block] = [0, 0];
  for (const part of parts) {
    seriesIds.set(part.seriesIds, block);
    for (let index = 0; index < part.seriesIds.length; index += 1) starts[block + index] = row + part.starts[index]!;
    row += part.offsetsNs.length;
    block += part.seriesIds.length;
  }
  starts[blockCount] = rowCount;
  return { seriesIds, starts, ...concatCells(parts), versions: concatVersions(parts.map(({ versions }) => versions)) };
}

/** One series. */
export function blockOf(seriesId: number, rows: VersionedRows): SortedRows {
  return { seriesIds: Uint32Array.of(seriesId), starts: Uint32Array.of(0, rows.offsetsNs.length), offsetsNs: rows.offsetsNs, columns: rows.columns, versions: rows.versions };
}

/** Brings gathered rows into normal form. Nearly always they are, and nothing is done. */
export function normalized(rows: SortedRows): SortedRows {
  const { seriesIds, starts, offsetsNs } = rows;
  const parts: SortedRows[] = [];
  let from = 0;
  for (let block = 0; block < seriesIds.length; block += 1) {
    if (isAscending(offsetsNs, starts[block]!, starts[block + 1]!)) continue;
    if (from < block) parts.push(sliceBlocks(rows, from, block));
    parts.push(blockOf(seriesIds[block]!, mergeRows([blockAlone(rows, block)])));
    from = block + 1;
  }
  if (from === 0) return rows;
  if (from < seriesIds.length) parts.push(sliceBlocks(rows, from, seriesIds.length));
  return concatBlocks(parts);
}

function isAscending(offsetsNs: Float64Array, startRow: number, endRow: number): boolean {
  for (let row = startRow + 1; row < endRow; row += 1) if (offsetsNs[row - 1]! >= offsetsNs[row]!) return false;
  return true;
}

function sliceAll({ offsetsNs, columns, versions }: VersionedRows, startRow: number, endRow: number): Pick<SortedRows, 'offsetsNs' | 'columns' | 'versions'> {
  return {
    offsetsNs: offsetsNs.subarray(startRow, endRow),
    columns: columns.map(({ name, column }) => ({ name, column: sliceColumn(column, startRow, endRow) })).filter(({ column }) => hasAnyValue(column)),
    versions: { versions: versions.versions, ordinals: versions.ordinals.subarray(startRow, endRow) }, // the dictionary is shared: not all of it may be used
  };
}
