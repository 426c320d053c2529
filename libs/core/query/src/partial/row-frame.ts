import { DbError, type ByteReader, type ByteWriter } from '@varve/base';
import type { Cell, SeriesKey } from '@varve/model';
import { decodeCell, encodeCell } from './cell-bytes.ts';
import { decodeGroupKey, encodeGroupKey, type GroupKey } from './group-key.ts';

/**
 * Rows as bytes, one block of one group after the other. Blocks come in order of (group, time, series).
 *
 *     frame    u8 kind = 2, then blocks to its end
 *     block    group key · varint row count · series · offsets (f64 each) · columns
 *     series   varint key count · keys · one varint per row into the keys, where there are several
 *     column   u8 0: all null
 *              u8 1: f64 per row
 *              u8 2: varint text count · texts · one varint per row: 0 is null, else text number + 1
 *              u8 3: cells
 */
export const ROW_FRAME = 2;

/** Rows of one group from one shard, ordered by (time, series). All row arrays run alike. */
export interface RowBlock {
  readonly group: GroupKey;
  readonly offsetsNs: readonly number[];
  /** Who a row comes from; decides between rows of one time. */
  readonly seriesKeys: readonly SeriesKey[];
  readonly cells: readonly (readonly Cell[])[];
}

const ALL_NULL = 0;
const NUMBERS = 1;
const TEXTS = 2;
const CELLS = 3;

export function encodeRowBlock(bytes: ByteWriter, block: RowBlock): void {
  encodeGroupKey(bytes, block.group);
  bytes.varint(block.offsetsNs.length);
  encodeTexts(bytes, block.seriesKeys);
  for (const offset of block.offsetsNs) bytes.f64(offset);
  for (const cells of block.cells) encodeColumn(bytes, cells);
}

/** Both sides know from the plan how many dimensions and columns there are. @throws DbError MESSAGE_INVALID */
export function decodeRowBlock(reader: ByteReader, dimensionCount: number, columnCount: number): RowBlock {
  const group = decodeGroupKey(reader, dimensionCount);
  const rowCount = reader.varint();
  const seriesKeys = decodeTexts(reader, rowCount);
  const offsetsNs = Array.from({ length: rowCount }, () => reader.f64());
  return { group, offsetsNs, seriesKeys, cells: Array.from({ length: columnCount }, () => decodeColumn(reader, rowCount)) };
}

function encodeColumn(bytes: ByteWriter, cells: readonly Cell[]): void {
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

function decodeColumn(reader: ByteReader, rowCount: number): Cell[] {
  const kind = reader.u8();
  switch (kind) {
    case ALL_NULL:
      return new Array<Cell>(rowCount).fill(null);
    case NUMBERS:
      return Array.from({ length: rowCount }, () => reader.f64());
    case TEXTS:
      return decodeNullableTexts(reader, rowCount);
    case CELLS:
      return Array.from({ length: rowCount }, () => decodeCell(reader));
    default:
      throw new DbError('MESSAGE_INVALID', `unknown kind of column: ${kind}`);
  }
}

function encodeTexts(bytes: ByteWriter, texts: readonly string[]): void {
  const numbers = numbered(texts);
  bytes.varint(numbers.size);
  for (const text of numbers.keys()) bytes.text(text);
  if (numbers.size > 1) for (const text of texts) bytes.varint(numbers.get(text)!);
}

function decodeTexts(reader: ByteReader, rowCount: number): string[] {
  const texts = Array.from({ length: reader.varint() }, () => reader.text());
  return Array.from({ length: rowCount }, () => textAt(texts, texts.length > 1 ? reader.varint() : 0));
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
