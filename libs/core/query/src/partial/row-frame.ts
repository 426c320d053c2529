import { DbError, KnownTexts, type ByteReader, type ByteWriter, type SizeBytes, type WholeSizeBytes } from '@varve/base';
import { valueAt, type Cell, type Column, type SeriesKey } from '@varve/model';
import { decodeCell, encodeCell } from './cell-bytes.ts';
import { decodeGroupKey, encodeGroupKey, type GroupKey } from './group-key.ts';
import { NumberCells, TagCells, type ReadCells } from './read-cells.ts';
import { isShortWhole, wholeSize } from './whole-numbers.ts';

/**
 * Rows as bytes, one block of one group after the other. Blocks come in order of (group, time, series).
 *
 *     frame    u8 kind = 4, then blocks to its end
 *     block    group key · varint row count · series · offsets (f64 each) · columns
 *     series   varint key count · keys · one varint per row into the keys, where there are several
 *     column   u8 0: all null
 *              u8 1: f64 per row
 *              u8 2: varint text count · texts · one varint per row: 0 is null, else text number + 1
 *              u8 3: cells
 *              u8 4: per series key u8 0: null, or u8 1 · text: what all its rows have
 *              u8 5, 6, 7: whole numbers in 1, 2, 4 bytes per row, the least that hold them all
 */
export const ROW_FRAME = 4;

/** Rows of one group from one shard, ordered by (time, series), where their series have them. */
export interface RowBlock {
  readonly group: GroupKey;
  /** Whom rows come from. */
  readonly series: readonly BlockSeries[];
  /** Row → place in `series`. */
  readonly seriesOf: readonly number[];
  /** Row → row of its series. */
  readonly rows: readonly number[];
  /** What it takes in a frame, about. */
  readonly sizeBytes: SizeBytes;
}

/** All rows that a series has. */
export interface BlockSeries {
  /** Decides between rows of one time. */
  readonly key: SeriesKey;
  readonly offsetsNs: Float64Array;
  /** Column by column of the plan: cells, or the cell of all rows, of a tag for example. */
  readonly columns: readonly (Column | string | null)[];
}

/** A block as it is read. */
interface ReadRowBlock {
  readonly group: GroupKey;
  readonly offsetsNs: readonly number[];
  readonly seriesKeys: readonly SeriesKey[];
  /** Row → place in `seriesKeys`. */
  readonly seriesOf: readonly number[];
  /** Column by column, row by row. */
  readonly cells: readonly ReadCells[];
}

/** Keys and tags of series that blocks told of last: the next query asks for the same ones more often than not. */
const knownTexts = new KnownTexts();

const ALL_NULL = 0;
const NUMBERS = 1;
const TEXTS = 2;
const CELLS = 3;
const TAGS = 4;
/** By what a number takes. */
const WHOLE_KINDS = { 1: 5, 2: 6, 4: 7 } as const;

export function encodeRowBlock(bytes: ByteWriter, { group, series, seriesOf, rows }: BlockRows): void {
  encodeGroupKey(bytes, group);
  bytes.varint(rows.length);
  bytes.varint(series.length);
  for (const { key } of series) bytes.text(key);
  if (series.length > 1) for (const place of seriesOf) bytes.varint(place);
  const numbers = series.map(({ offsetsNs }) => offsetsNs);
  bytes.f64sOf(numbers, seriesOf, rows);
  const columnCount = series[0]!.columns.length;
  for (let column = 0; column < columnCount; column += 1) {
    if (takeNumbers(series, column, numbers)) encodeNumbers(bytes, numbers, { seriesOf, rows });
    else if (hasCells(series, column)) encodeCells(bytes, rows.map((row, index) => cellAt(series[seriesOf[index]!]!.columns[column]!, row)));
    else encodeTags(bytes, series, column);
  }
}

/** Both sides know from the plan how many dimensions and columns there are. @throws DbError MESSAGE_INVALID */
export function decodeRowBlock(reader: ByteReader, { dimensionCount, columnCount }: { readonly dimensionCount: number; readonly columnCount: number }): ReadRowBlock {
  const group = decodeGroupKey(reader, dimensionCount);
  const rowCount = decodeCount(reader, Float64Array.BYTES_PER_ELEMENT);
  const seriesKeys: SeriesKey[] = [];
  for (let count = reader.varint(); count > 0; count -= 1) seriesKeys.push(knownTexts.read(reader));
  const seriesOf = decodePlaces(reader, rowCount, seriesKeys.length);
  const offsetsNs = reader.wholeF64s(rowCount);
  const rows = { seriesOf, seriesCount: seriesKeys.length };
  const cells: ReadCells[] = [];
  while (cells.length < columnCount) cells.push(decodeColumn(reader, rows));
  return { group, offsetsNs, seriesKeys, seriesOf, cells };
}

/** How many rows or texts follow, each of so many bytes at least: a count that the frame has no room for is not begun with. */
function decodeCount(reader: ByteReader, sizeBytes: SizeBytes): number {
  const count = reader.varint();
  if (count * sizeBytes > reader.remaining) throw new DbError('MESSAGE_INVALID', `${count} rows or texts in ${reader.remaining} bytes of a partial result`);
  return count;
}

function decodePlaces(reader: ByteReader, rowCount: number, seriesCount: number): number[] {
  const seriesOf: number[] = [];
  for (let row = 0; row < rowCount; row += 1) {
    const series = seriesCount > 1 ? reader.varint() : 0;
    if (series >= seriesCount) throw new DbError('MESSAGE_INVALID', `series ${series} of ${seriesCount} in a partial result`);
    seriesOf.push(series);
  }
  return seriesOf;
}

type BlockRows = Omit<RowBlock, 'sizeBytes'>;

/** Takes the numbers that each series has in a column; whether they all have nothing else, and in all rows. */
function takeNumbers(series: readonly BlockSeries[], column: number, into: Float64Array[]): boolean {
  for (let place = 0; place < series.length; place += 1) {
    const cells = series[place]!.columns[column]!;
    if (cells === null || typeof cells === 'string' || cells.validity !== undefined || !(cells.values instanceof Float64Array)) return false;
    into[place] = cells.values;
  }
  return true;
}

function encodeNumbers(bytes: ByteWriter, numbers: readonly Float64Array[], { seriesOf, rows }: Pick<RowBlock, 'seriesOf' | 'rows'>): void {
  const sizeBytes = wholeSizeOf(numbers, seriesOf, rows);
  if (sizeBytes === undefined) bytes.u8(NUMBERS).f64sOf(numbers, seriesOf, rows);
  else bytes.u8(WHOLE_KINDS[sizeBytes]).wholesOf(sizeBytes, numbers, seriesOf, rows);
}

/** Undefined: one of them is not whole, is too large, or is −0. */
function wholeSizeOf(numbers: readonly Float64Array[], seriesOf: readonly number[], rows: readonly number[]): WholeSizeBytes | undefined {
  let [least, most] = [0, 0];
  for (let index = 0; index < rows.length; index += 1) {
    const value = numbers[seriesOf[index]!]![rows[index]!]!;
    if (!isShortWhole(value)) return undefined;
    if (value < least) least = value;
    else if (value > most) most = value;
  }
  return wholeSize(least, most);
}

function hasCells(series: readonly BlockSeries[], column: number): boolean {
  for (const { columns } of series) if (columns[column] !== null && typeof columns[column] !== 'string') return true;
  return false;
}

function cellAt(column: Column | string | null, row: number): Cell {
  return column === null || typeof column === 'string' ? column : (valueAt(column, row) ?? null);
}

function encodeTags(bytes: ByteWriter, series: readonly BlockSeries[], column: number): void {
  bytes.u8(TAGS);
  for (const { columns } of series) {
    const tag = columns[column];
    if (typeof tag === 'string') bytes.u8(1).text(tag);
    else bytes.u8(0);
  }
}

function encodeCells(bytes: ByteWriter, cells: readonly Cell[]): void {
  if (cells.every((cell) => cell === null)) {
    bytes.u8(ALL_NULL);
  } else if (cells.every((cell) => typeof cell === 'number')) {
    bytes.u8(NUMBERS);
    for (const cell of cells) bytes.f64(cell);
  } else if (cells.every((cell) => cell === null || typeof cell === 'string')) {
    encodeNullableTexts(bytes.u8(TEXTS), cells);
  } else {
    bytes.u8(CELLS);
    for (const cell of cells) encodeCell(bytes, cell);
  }
}

/** Whose rows a column is of. */
interface ColumnRows {
  readonly seriesOf: readonly number[];
  readonly seriesCount: number;
}

function decodeColumn(reader: ByteReader, rows: ColumnRows): ReadCells {
  const rowCount = rows.seriesOf.length;
  const kind = reader.u8();
  switch (kind) {
    case ALL_NULL:
      return new Array<Cell>(rowCount).fill(null);
    case NUMBERS:
      return new NumberCells(reader, rowCount, 8);
    case WHOLE_KINDS[1]:
      return new NumberCells(reader, rowCount, 1);
    case WHOLE_KINDS[2]:
      return new NumberCells(reader, rowCount, 2);
    case WHOLE_KINDS[4]:
      return new NumberCells(reader, rowCount, 4);
    case TEXTS:
      return decodeNullableTexts(reader, rowCount);
    case CELLS:
      return decodeCells(reader, rowCount);
    case TAGS:
      return decodeTags(reader, rows);
    default:
      throw new DbError('MESSAGE_INVALID', `unknown kind of column: ${kind}`);
  }
}

function decodeCells(reader: ByteReader, rowCount: number): Cell[] {
  const cells: Cell[] = [];
  while (cells.length < rowCount) cells.push(decodeCell(reader));
  return cells;
}

function decodeTags(reader: ByteReader, { seriesOf, seriesCount }: ColumnRows): TagCells {
  const bySeries: (string | null)[] = [];
  while (bySeries.length < seriesCount) bySeries.push(reader.u8() === 1 ? knownTexts.read(reader) : null);
  return new TagCells(bySeries, seriesOf);
}

function encodeNullableTexts(bytes: ByteWriter, cells: readonly (string | null)[]): void {
  const numbers = numbered(cells.filter((cell) => cell !== null));
  bytes.varint(numbers.size);
  for (const text of numbers.keys()) bytes.text(text);
  for (const cell of cells) bytes.varint(cell === null ? 0 : numbers.get(cell)! + 1);
}

function decodeNullableTexts(reader: ByteReader, rowCount: number): Cell[] {
  const texts = Array.from({ length: decodeCount(reader, 1) }, () => reader.text());
  return Array.from({ length: rowCount }, () => {
    const number = reader.varint();
    return number === 0 ? null : textAt(texts, number - 1);
  });
}

function numbered(texts: readonly string[]): Map<string, number> {
  const numbers = new Map<string, number>();
  for (const text of texts) if (!numbers.has(text)) numbers.set(text, numbers.size);
  return numbers;
}

function textAt(texts: readonly string[], index: number): string {
  const text = texts[index];
  if (text === undefined) throw new DbError('MESSAGE_INVALID', `text ${index} of ${texts.length} in a partial result`);
  return text;
}
