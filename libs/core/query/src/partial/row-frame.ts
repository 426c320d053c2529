import { DbError, type ByteReader, type ByteWriter, type KnownTexts } from '@varve/base';
import type { Cell, SeriesKey } from '@varve/model';
import { decodeCell, encodeCell } from './cell-bytes.ts';
import { decodeGroupKey, encodeGroupKey, type GroupKey } from './group-key.ts';

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
 */
export const ROW_FRAME = 4;

/** Rows of one group from one shard, ordered by (time, series). All row arrays run alike. */
export interface RowBlock {
  readonly group: GroupKey;
  readonly offsetsNs: readonly number[];
  /** Who rows come from; decides between rows of one time. */
  readonly seriesKeys: readonly SeriesKey[];
  /** Row → place in `seriesKeys`. */
  readonly seriesOf: readonly number[];
  readonly columns: readonly BlockColumn[];
}

/** A tag is the same in all rows of a series. */
export type BlockColumn = { readonly kind: 'cells'; readonly cells: readonly Cell[] } | { readonly kind: 'tag'; readonly bySeries: readonly (string | null)[] };

/** A block as it is read: all columns row by row. */
export interface ReadRowBlock extends Omit<RowBlock, 'columns'> {
  readonly cells: Cell[][];
}

const ALL_NULL = 0;
const NUMBERS = 1;
const TEXTS = 2;
const CELLS = 3;
const TAGS = 4;

export function encodeRowBlock(bytes: ByteWriter, block: RowBlock): void {
  encodeGroupKey(bytes, block.group);
  bytes.varint(block.offsetsNs.length);
  bytes.varint(block.seriesKeys.length);
  for (const key of block.seriesKeys) bytes.text(key);
  if (block.seriesKeys.length > 1) for (const series of block.seriesOf) bytes.varint(series);
  for (const offset of block.offsetsNs) bytes.f64(offset);
  for (const column of block.columns) {
    if (column.kind === 'tag') encodeTags(bytes.u8(TAGS), column.bySeries);
    else encodeCells(bytes, column.cells);
  }
}

/** Both sides know from the plan how many dimensions and columns there are. `known` has the keys and tags of blocks before. @throws DbError MESSAGE_INVALID */
export function decodeRowBlock(reader: ByteReader, { dimensionCount, columnCount, known }: { readonly dimensionCount: number; readonly columnCount: number; readonly known: KnownTexts }): ReadRowBlock {
  const group = decodeGroupKey(reader, dimensionCount);
  const rowCount = reader.varint();
  const seriesKeys = Array.from({ length: reader.varint() }, () => known.read(reader));
  const seriesOf: number[] = [];
  for (let row = 0; row < rowCount; row += 1) {
    const series = seriesKeys.length > 1 ? reader.varint() : 0;
    if (series >= seriesKeys.length) throw new DbError('MESSAGE_INVALID', `series ${series} of ${seriesKeys.length} in a partial result`);
    seriesOf.push(series);
  }
  const offsetsNs = reader.f64s(rowCount);
  const cells = Array.from({ length: columnCount }, () => decodeColumn(reader, { seriesOf, seriesCount: seriesKeys.length, known }));
  return { group, offsetsNs, seriesKeys, seriesOf, cells };
}

function encodeTags(bytes: ByteWriter, tags: readonly (string | null)[]): void {
  for (const tag of tags) {
    if (tag === null) bytes.u8(0);
    else bytes.u8(1).text(tag);
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
  readonly known: KnownTexts;
}

function decodeColumn(reader: ByteReader, { seriesOf, seriesCount, known }: ColumnRows): Cell[] {
  const rowCount = seriesOf.length;
  const kind = reader.u8();
  switch (kind) {
    case ALL_NULL:
      return new Array<Cell>(rowCount).fill(null);
    case NUMBERS:
      return reader.f64s(rowCount);
    case TEXTS:
      return decodeNullableTexts(reader, rowCount);
    case CELLS:
      return Array.from({ length: rowCount }, () => decodeCell(reader));
    case TAGS: {
      const bySeries = Array.from({ length: seriesCount }, () => (reader.u8() === 1 ? known.read(reader) : null));
      return seriesOf.map((series) => bySeries[series]!);
    }
    default:
      throw new DbError('MESSAGE_INVALID', `unknown kind of column: ${kind}`);
  }
}

function encodeNullableTexts(bytes: ByteWriter, cells: readonly (string | null)[]): void {
  const numbers = numbered(cells.filter((cell) => cell !== null));
  bytes.varint(numbers.size);
  for (const text of numbers.keys()) bytes.text(text);
  for (const cell of cells) bytes.varint(cell === null ? 0 : numbers.get(cell)! + 1);
}

function decodeNullableTexts(reader: ByteReader, rowCount: number): Cell[] {
  const texts = Array.from({ length: reader.varint() }, () => reader.text());
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
