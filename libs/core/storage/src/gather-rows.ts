import { Scratch } from '@varve/base';
import type { FrameColumn, FrameRows } from '@varve/frame';
import type { Column, FieldType, NamedColumn, Version } from '@varve/model';
import { isBitSet, setBit, zeroBits } from './bits.ts';
import { bigsOf, integerColumn } from './columns.ts';
import { rowVersions, type RowVersions } from './row-versions.ts';
import { fieldKey, type Cells } from './rows.ts';
import type { SortedRows } from './sorted-rows.ts';

/*
 * From frames, where a column holds a few rows of each series, to one series after the other. Each frame's columns are
 * unpacked once, and their values dealt out to the places where the series have them:
 *
 *     frame 1   a b c ─┐      a a b b b c
 *     frame 2   a b    ─┼─▶   └─┘ └───┘ └   one array per field, rows of a series side by side
 *     frame 3   b      ─┘
 */

/** Rows [startRow, endRow) of a section: some of one series. */
export interface RowPiece {
  readonly segment: { readonly rows: FrameRows; readonly version: Version };
  readonly startRow: number;
  readonly endRow: number;
}

/** What is gathered of one series. */
export interface SeriesPieces {
  readonly seriesId: number;
  readonly pieces: readonly RowPiece[];
}

/** Numbers of a section, on their way to their places. */
const scratch = new Scratch();

/** One block per series: its rows piece by piece, with the named fields (all when `names` is undefined). No block is brought into order. */
export function gatherRows(groups: readonly SeriesPieces[], names?: ReadonlySet<string>): SortedRows {
  const { rowStarts, rowCount, deals } = planDeals(groups);
  const offsetsNs = new Float64Array(rowCount);
  const gathered = new GatheredColumns(names, rowCount);
  let rowCountMax = 0;
  for (const { firstRow, endRow } of deals.values()) rowCountMax = Math.max(rowCountMax, endRow - firstRow);
  const passing = scratch.take(rowCountMax);
  for (const [rows, deal] of deals) {
    const { firstRow, endRow } = deal;
    dealNumbers(rows.readOffsets(firstRow, endRow, passing), offsetsNs, deal);
    for (const { place, column } of gathered.of(rows.columns)) column.deal(rows.readColumn(place, firstRow, endRow, passing), deal);
  }
  return new GatheredRows(groups, rowStarts, { offsetsNs, columns: gathered.finish() });
}

/** Versions are put together on first use: most reads find one row per time, and never ask. */
class GatheredRows implements SortedRows {
  readonly seriesIds: Uint32Array;
  readonly starts: Uint32Array;
  readonly offsetsNs: Float64Array;
  readonly columns: readonly NamedColumn[];
  readonly #groups: readonly SeriesPieces[];
  #versions: RowVersions | undefined;

  constructor(groups: readonly SeriesPieces[], starts: Uint32Array, { offsetsNs, columns }: Cells) {
    this.seriesIds = Uint32Array.from(groups, ({ seriesId }) => seriesId);
    this.starts = starts;
    this.offsetsNs = offsetsNs;
    this.columns = columns;
    this.#groups = groups;
  }

  get versions(): RowVersions {
    this.#versions ??= versionsOf(this.#groups, this.offsetsNs.length);
    return this.#versions;
  }
}

/** Which rows of a section go where. */
interface Deal {
  /** Three numbers each: rows [start, end) go to the places from the third on. */
  readonly pieces: number[];
  rowCount: number;
  /** All rows that go anywhere lie in [firstRow, endRow). */
  firstRow: number;
  endRow: number;
}

function planDeals(groups: readonly SeriesPieces[]): {
  rowStarts: Uint32Array;
  rowCount: number;
  deals: Map<FrameRows, Deal>;
} {
  const rowStarts = new Uint32Array(groups.length + 1);
  const deals = new Map<FrameRows, Deal>();
  let rowCount = 0;
  for (const [index, { pieces }] of groups.entries()) {
    for (const { segment, startRow, endRow } of pieces) {
      let deal = deals.get(segment.rows);
      if (deal === undefined) deals.set(segment.rows, (deal = { pieces: [], rowCount: 0, firstRow: startRow, endRow }));
      deal.firstRow = Math.min(deal.firstRow, startRow);
      deal.endRow = Math.max(deal.endRow, endRow);
      deal.pieces.push(startRow, endRow, rowCount);
      deal.rowCount += endRow - startRow;
      rowCount += endRow - startRow;
    }
    rowStarts[index + 1] = rowCount;
  }
  return { rowStarts, rowCount, deals };
}

/** A version is one object for all rows of its frame. */
function versionsOf(groups: readonly SeriesPieces[], rowCount: number): RowVersions {
  const ordinals = new Uint32Array(rowCount);
  const known = new Map<Version, number>();
  let row = 0;
  for (const { pieces } of groups) {
    for (const { segment, startRow, endRow } of pieces) {
      let ordinal = known.get(segment.version);
      if (ordinal === undefined) known.set(segment.version, (ordinal = known.size));
      ordinals.fill(ordinal, row, (row += endRow - startRow));
    }
  }
  return rowVersions([...known.keys()], ordinals);
}

/** The fields of all rows. What the section at hand has of them is looked up where its columns are not those of the one before. */
class GatheredColumns {
  readonly #names: ReadonlySet<string> | undefined;
  readonly #rowCount: number;
  readonly #byField = new Map<string, GatheredColumn>();
  #columns: readonly FrameColumn[] = [];
  #found: { readonly place: number; readonly column: GatheredColumn }[] = [];

  constructor(names: ReadonlySet<string> | undefined, rowCount: number) {
    this.#names = names;
    this.#rowCount = rowCount;
  }

  of(columns: readonly FrameColumn[]): readonly { readonly place: number; readonly column: GatheredColumn }[] {
    if (!areAlike(columns, this.#columns)) {
      this.#columns = columns;
      this.#found = [];
      for (const [place, { name, type }] of columns.entries()) if (this.#names?.has(name) !== false) this.#found.push({ place, column: this.#columnOf(name, type) });
    }
    return this.#found;
  }

  finish(): readonly NamedColumn[] {
    return Array.from(this.#byField.values(), (column) => column.finish());
  }

  #columnOf(name: string, type: FieldType): GatheredColumn {
    const key = fieldKey(name, type);
    let column = this.#byField.get(key);
    if (column === undefined) this.#byField.set(key, (column = new GatheredColumn(name, type, this.#rowCount)));
    return column;
  }
}

function areAlike(left: readonly FrameColumn[], right: readonly FrameColumn[]): boolean {
  if (left.length !== right.length) return false;
  for (let index = 0; index < left.length; index += 1) if (left[index]!.name !== right[index]!.name || left[index]!.type !== right[index]!.type) return false;
  return true;
}

/** One field of all rows, filled section by section. */
class GatheredColumn {
  readonly #name: string;
  readonly #type: FieldType;
  readonly #rowCount: number;
  readonly #deals: { readonly deal: Deal; readonly validity: Uint8Array | undefined }[] = [];
  #values: Float64Array | BigInt64Array | Uint8Array | string[];

  constructor(name: string, type: FieldType, rowCount: number) {
    this.#name = name;
    this.#type = type;
    this.#rowCount = rowCount;
    this.#values = emptyValues(type, rowCount);
  }

  /** Takes the values of rows [deal.firstRow, deal.endRow) of a section. */
  deal(column: Column, deal: Deal): void {
    this.#deals.push({ deal, validity: column.validity });
    if (column.values instanceof BigInt64Array && this.#values instanceof Float64Array)
      this.#values = bigsOf(this.#values);
    if (this.#values instanceof Float64Array) dealNumbers(column.values as Float64Array, this.#values, deal);
    else if (this.#values instanceof BigInt64Array)
      dealValues(bigsOf(column.values as Float64Array), this.#values, deal);
    else dealValues(column.values as string[], this.#values as string[], deal);
  }

  finish(): NamedColumn {
    return { name: this.#name, column: columnOf(this.#type, this.#values, this.#validity()) };
  }

  /** Nearly always every row has a value: then no bit is touched. */
  #validity(): Uint8Array | undefined {
    const dealtCount = this.#deals.reduce((sum, { deal }) => sum + deal.rowCount, 0);
    if (dealtCount === this.#rowCount && this.#deals.every(({ validity }) => validity === undefined)) return undefined;
    const bits = zeroBits(this.#rowCount);
    for (const { deal, validity } of this.#deals) {
      const { pieces, firstRow } = deal;
      for (let piece = 0; piece < pieces.length; piece += 3) {
        const shift = pieces[piece + 2]! - pieces[piece]!;
        for (let row = pieces[piece]!; row < pieces[piece + 1]!; row += 1)
          if (validity === undefined || isBitSet(validity, row - firstRow)) setBit(bits, row + shift);
      }
    }
    return bits;
  }
}

function emptyValues(type: FieldType, rowCount: number): Float64Array | Uint8Array | string[] {
  switch (type) {
    case 'float':
    case 'integer':
      return new Float64Array(rowCount);
    case 'boolean':
      return new Uint8Array(rowCount);
    case 'string':
      return new Array<string>(rowCount).fill('');
  }
}

function columnOf(
  type: FieldType,
  values: Float64Array | BigInt64Array | Uint8Array | string[],
  validity: Uint8Array | undefined,
): Column {
  switch (type) {
    case 'float':
      return { type, values: values as Float64Array, validity };
    case 'integer':
      return integerColumn(values as Float64Array | BigInt64Array, validity);
    case 'boolean':
      return { type, values: values as Uint8Array, validity };
    case 'string':
      return { type, values: values as string[], validity };
  }
}

/** The hot one: its arrays are always of one kind, so that its loop is compiled for them. */
function dealNumbers(from: Float64Array, to: Float64Array, { pieces, firstRow }: Deal): void {
  for (let piece = 0; piece < pieces.length; piece += 3) {
    const end = pieces[piece + 1]! - firstRow;
    let toRow = pieces[piece + 2]!;
    for (let row = pieces[piece]! - firstRow; row < end; row += 1) {
      to[toRow] = from[row]!;
      toRow += 1;
    }
  }
}

function dealValues<Value>(from: ArrayLike<Value>, to: { [row: number]: Value }, { pieces, firstRow }: Deal): void {
  for (let piece = 0; piece < pieces.length; piece += 3) {
    const shift = pieces[piece + 2]! - pieces[piece]!;
    for (let row = pieces[piece]!; row < pieces[piece + 1]!; row += 1) to[row + shift] = from[row - firstRow]!;
  }
}
