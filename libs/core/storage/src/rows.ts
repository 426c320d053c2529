import type { Column, FieldType, NamedColumn, SeriesSlice } from '@varve/model';
import { isBitSet } from './bits.ts';
import { concatColumn, concatNumbers, pickAnyRows, pickRows, sliceColumn } from './columns.ts';
import { concatVersions, rowVersions, type RowVersions } from './row-versions.ts';

/*
 * Rows of one series, wherever they come from: a memtable or a chunk. A row is a time, a version, and the fields that were
 * set by it; one time may have several rows. Merging keeps, per cell (time, field), the greatest version:
 *
 *     time version  f  g        time version  f  g         time   f  g
 *      10     3     a  b   ─▶    10     3     ·  b    ─▶    10    c  b
 *      10     7     c  ·         10     7     c  ·
 *            any rows           normal form (mergeRows)    an answer (readRows)
 *
 * In normal form rows ascend by time, then version; a cell that a greater version hides is gone, and a row without cells
 * too. Cells make a lattice under "greater version wins": merging is associative, commutative and idempotent, so neither
 * the order of arrival nor the way rows are cut into chunks can matter. A field is its name and type; the catalog sees to
 * it that a name has one type.
 */

/** Half-open, in nanoseconds from the shard's start. */
export interface OffsetRange {
  readonly startOffsetNs: number;
  readonly endOffsetNs: number;
}

/** Cells of one series by row. All columns have the rows of `offsetsNs`, and at least one value. */
export interface Cells {
  /** Nanoseconds from the shard's start, exact. */
  readonly offsetsNs: Float64Array;
  readonly columns: readonly NamedColumn[];
}

/** Rows in any order. `versions` may be a getter that decodes: it is asked for only where it matters. */
export interface VersionedRows extends Cells {
  /** Times are known to ascend, each once. */
  readonly isAscending?: boolean | undefined;
  readonly versions: RowVersions;
}

/** The union of all parts in normal form. */
export function mergeRows(parts: readonly VersionedRows[]): VersionedRows {
  const sorted = byFirstOffset(parts);
  const cells = concatCells(sorted);
  const versions = concatVersions(sorted.map((part) => part.versions));
  return isAscending([cells]) ? { ...cells, versions } : resolve(cells, versions, 'per version');
}

/** The cells that a reader sees: rows ascend by time, each time once. */
export function readRows(parts: readonly VersionedRows[]): SeriesSlice {
  const sorted = parts.length === 1 ? parts : byFirstOffset(parts);
  const cells = concatCells(sorted);
  if (isAscending(sorted)) return cells;
  const { offsetsNs, columns } = resolve(cells, concatVersions(sorted.map((part) => part.versions)), 'per time');
  return { offsetsNs, columns };
}

/** Rows [startRow, endRow) of cells; columns without a value there are left out. */
export function sliceCells(cells: Cells, startRow: number, endRow: number): Cells {
  if (startRow === 0 && endRow === cells.offsetsNs.length) return cells;
  const columns = cells.columns
    .map(({ name, column }) => ({ name, column: sliceColumn(column, startRow, endRow) }))
    .filter(({ column }) => hasAnyValue(column));
  return { offsetsNs: cells.offsetsNs.subarray(startRow, endRow), columns };
}

/** Some of the rows, with their versions; columns without a value there are left out. */
export function pickVersioned({ offsetsNs, columns, versions: { versions, ordinals } }: VersionedRows, rows: Int32Array): VersionedRows {
  return {
    offsetsNs: Float64Array.from(rows, (row) => offsetsNs[row]!),
    columns: columns.map(({ name, column }) => ({ name, column: pickAnyRows(column, rows) })).filter(({ column }) => hasAnyValue(column)),
    versions: rowVersions(
      versions,
      Uint32Array.from(rows, (row) => ordinals[row]!),
    ),
  };
}

/** Rows [startRow, endRow) with their versions, which are looked at only when asked for. */
export function sliceRows(rows: VersionedRows, startRow: number, endRow: number): VersionedRows {
  if (startRow === 0 && endRow === rows.offsetsNs.length) return rows;
  return new RowsWithin(rows, startRow, endRow);
}

class RowsWithin implements VersionedRows {
  readonly isAscending: boolean | undefined;
  readonly offsetsNs: Float64Array;
  readonly columns: readonly NamedColumn[];
  readonly #rows: VersionedRows;
  readonly #startRow: number;
  readonly #endRow: number;

  constructor(rows: VersionedRows, startRow: number, endRow: number) {
    const { offsetsNs, columns } = sliceCells(rows, startRow, endRow);
    this.isAscending = rows.isAscending;
    this.offsetsNs = offsetsNs;
    this.columns = columns;
    this.#rows = rows;
    this.#startRow = startRow;
    this.#endRow = endRow;
  }

  get versions(): RowVersions {
    const { versions, ordinals } = this.#rows.versions;
    return rowVersions(versions, ordinals.subarray(this.#startRow, this.#endRow));
  }
}

/** What lies in a half-open range of times, of rows that ascend by time. */
export function rowsWithin(
  { offsetsNs }: Cells,
  { startOffsetNs, endOffsetNs }: OffsetRange,
): readonly [startRow: number, endRow: number] {
  const startRow = lowerBound(offsetsNs, startOffsetNs);
  return [startRow, Math.max(startRow, lowerBound(offsetsNs, endOffsetNs))];
}

/** Index of the first of ascending numbers that is not below the bound. */
export function lowerBound(ascending: Float64Array | Uint32Array, bound: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ascending[middle]! < bound) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Names a field: a type holds no colon. */
export function fieldKey(name: string, type: FieldType): string {
  return `${type}:${name}`;
}

/** Parts that do not overlap are in order then. */
function byFirstOffset<Part extends Cells>(parts: readonly Part[]): readonly Part[] {
  return parts
    .filter(({ offsetsNs }) => offsetsNs.length > 0)
    .sort((left, right) => left.offsetsNs[0]! - right.offsetsNs[0]!);
}

/** The rows of all parts, one part after the other. Shares their values where it can. */
export function concatCells(parts: readonly Cells[]): Cells {
  if (parts.length === 1) return { offsetsNs: parts[0]!.offsetsNs, columns: parts[0]!.columns };
  const rowCount = parts.reduce((sum, { offsetsNs }) => sum + offsetsNs.length, 0);
  const rowCounts = parts.map(({ offsetsNs }) => offsetsNs.length);
  const offsetsNs = concatNumbers(parts.map((part) => part.offsetsNs), rowCounts, rowCount);
  const columns = [...columnsByField(parts).values()].map(({ name, type, byPart }) => ({
    name,
    column: concatColumn(
      type,
      parts.map((part, index) => ({ column: byPart[index], rowCount: part.offsetsNs.length })),
      rowCount,
    ),
  }));
  return { offsetsNs, columns };
}

interface FieldColumns {
  readonly name: string;
  readonly type: FieldType;
  /** Holes where a part has no such field. */
  readonly byPart: (Column | undefined)[];
}

function columnsByField(parts: readonly Cells[]): Map<string, FieldColumns> {
  const fields = new Map<string, FieldColumns>();
  for (const [index, { columns }] of parts.entries()) {
    for (const { name, column } of columns) {
      const key = fieldKey(name, column.type);
      let field = fields.get(key);
      if (field === undefined) fields.set(key, (field = { name, type: column.type, byPart: new Array(parts.length) }));
      field.byPart[index] = column;
    }
  }
  return fields;
}

function isAscending(parts: readonly Pick<VersionedRows, 'offsetsNs' | 'isAscending'>[]): boolean {
  let last = -Infinity;
  for (const { offsetsNs, isAscending: isKnown } of parts) {
    if (isKnown === true && offsetsNs.length > 0 && offsetsNs[0]! > last) {
      last = offsetsNs.at(-1)!;
      continue;
    }
    for (let row = 0; row < offsetsNs.length; row += 1) {
      const offsetNs = offsetsNs[row]!;
      if (offsetNs <= last) return false;
      last = offsetNs;
    }
  }
  return true;
}

/** Sorts by time and version, and lets the greatest version of each cell win; one row stays per time, or per time and version. */
function resolve(
  { offsetsNs, columns }: Cells,
  { versions, ordinals }: RowVersions,
  kept: 'per time' | 'per version',
): VersionedRows {
  const order = Array.from(offsetsNs, (_, row) => row).sort(
    (left, right) => offsetsNs[left]! - offsetsNs[right]! || ordinals[left]! - ordinals[right]!,
  );
  if (columns.length > 0 && columns.every(({ column }) => column.validity === undefined))
    return pickVersioned({ offsetsNs, columns, versions: { versions, ordinals } }, lastOfEachTime(order, offsetsNs));
  const grouped = groupRows(
    order,
    (row, previous) =>
      offsetsNs[row] === offsetsNs[previous] && (kept === 'per time' || ordinals[row] === ordinals[previous]),
  );
  const winners = columns.map(({ column }) => winnersOf(column, { order, offsetsNs, ...grouped }));
  const isKept = Uint8Array.from(grouped.firstRows, (_, group) => (winners.some((rows) => rows[group]! >= 0) ? 1 : 0));
  const onlyKept = (rows: Int32Array): Int32Array =>
    isKept.includes(0) ? rows.filter((_, group) => isKept[group] === 1) : rows;

  const rows = onlyKept(grouped.firstRows);
  return {
    offsetsNs: Float64Array.from(rows, (row) => offsetsNs[row]!),
    columns: columns.map(({ name, column }, index) => ({ name, column: pickRows(column, onlyKept(winners[index]!)) })),
    versions: rowVersions(
      versions,
      Uint32Array.from(rows, (row) => ordinals[row]!),
    ),
  };
}

/** Rows that all have a value in every column: of a time, the last one has all cells. */
function lastOfEachTime(order: readonly number[], offsetsNs: Float64Array): Int32Array {
  const rows = new Int32Array(order.length);
  let count = 0;
  for (let place = 0; place < order.length; place += 1) {
    const row = order[place]!;
    if (place > 0 && offsetsNs[row] === offsetsNs[order[place - 1]!]) count -= 1;
    rows[count] = row;
    count += 1;
  }
  return rows.subarray(0, count);
}

interface RowGroups {
  /** Place in the order → group. */
  readonly groupOf: Int32Array;
  /** Group → its first row. */
  readonly firstRows: Int32Array;
}

function groupRows(order: readonly number[], isSame: (row: number, previous: number) => boolean): RowGroups {
  const groupOf = new Int32Array(order.length);
  const firstRows: number[] = [];
  for (const [place, row] of order.entries()) {
    if (place === 0 || !isSame(row, order[place - 1]!)) firstRows.push(row);
    groupOf[place] = firstRows.length - 1;
  }
  return { groupOf, firstRows: Int32Array.from(firstRows) };
}

/** Group → the row whose value is the cell's, −1 where it has none or a greater version of the same time has one. */
function winnersOf(
  column: Column,
  {
    order,
    offsetsNs,
    groupOf,
    firstRows,
  }: RowGroups & { readonly order: readonly number[]; readonly offsetsNs: Float64Array },
): Int32Array {
  const winners = new Int32Array(firstRows.length).fill(-1);
  let decidedNs = Infinity;
  for (let place = order.length - 1; place >= 0; place -= 1) {
    const row = order[place]!;
    const offsetNs = offsetsNs[row]!;
    if (offsetNs === decidedNs || (column.validity !== undefined && !isBitSet(column.validity, row))) continue;
    winners[groupOf[place]!] = row;
    decidedNs = offsetNs;
  }
  return winners;
}

/** Whether any row has a value. */
export function hasAnyValue({ validity }: Column): boolean {
  return validity === undefined || validity.some((byte) => byte !== 0);
}
