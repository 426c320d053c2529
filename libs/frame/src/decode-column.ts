import type { ByteReader, SizeBytes } from '@varve/base';
import { bitmapSizeBytes, powerOfTen } from '@varve/codec';
import type { FieldType } from '@varve/model';
import type { ColumnRoom } from './column-room.ts';
import { COLUMN_TYPES, DIGIT_COUNT_MAX } from './encode-column.ts';
import type { FrameColumn } from './frame.ts';
import { invalidFrame } from './layout.ts';
import { type PackedNumbers, readNumbers, skipCounts, skipNumbers } from './packed-numbers.ts';
import { type PackedTexts, readText, skipTexts } from './texts.ts';

/** Where a column lies in its frame, checked. */
export interface PackedColumn extends FrameColumn {
  /** Offset of the bitmap; undefined when every row has a value. */
  readonly validityAt: number | undefined;
  readonly values: PackedValues;
}

type PackedValues =
  | {
      readonly kind: 'numbers';
      readonly type: 'float' | 'integer';
      readonly numbers: PackedNumbers;
      readonly divisor: number;
    }
  | { readonly kind: 'wide' | 'bits'; readonly at: number }
  | { readonly kind: 'texts'; readonly codes: PackedNumbers; readonly texts: PackedTexts };

/** About what a parsed column costs beside its bytes: a few objects and the name. */
const PARSED_SIZE_BYTES = 250;
const FIELD_TYPES: readonly FieldType[] = ['float', 'integer', 'integer', 'boolean', 'string'];

/** Steps over a column and checks all that could go wrong when it is read. @throws DbError FRAME_INVALID, MESSAGE_INVALID */
export function skipColumn(reader: ByteReader, view: DataView, rowCount: number): PackedColumn {
  const name = reader.text();
  const typeTag = reader.u8();
  const type = FIELD_TYPES[typeTag];
  if (type === undefined) throw invalidFrame(`column of unknown type ${typeTag}`);
  const hasNulls = reader.u8();
  if (hasNulls > 1) throw invalidFrame(`null flag ${hasNulls}`);
  const validityAt = hasNulls === 1 ? reader.offset : undefined;
  if (validityAt !== undefined) reader.raw(bitmapSizeBytes(rowCount));
  return { name, type, hasNulls: hasNulls === 1, validityAt, values: skipValues(reader, view, { typeTag, rowCount }) };
}

/** What the parsed form takes beside the frame's bytes. */
export function parsedSizeBytes({ values }: PackedColumn): SizeBytes {
  return PARSED_SIZE_BYTES + (values.kind === 'texts' ? values.texts.starts.byteLength : 0);
}

/** Unpacks some rows of a column into the next ones of the room. */
export function readPackedColumn(view: DataView, { values, validityAt }: PackedColumn, firstRow: number, endRow: number, into: ColumnRoom): void {
  const rowCount = endRow - firstRow;
  switch (values.kind) {
    case 'numbers':
      readScaled(view, values, firstRow, endRow, into);
      break;
    case 'wide':
      readWide(view, values.at + firstRow * 8, rowCount, into);
      break;
    case 'bits':
      readBits(view, values.at, firstRow, endRow, into);
      break;
    case 'texts':
      readTexts(view, values, firstRow, endRow, into);
  }
  if (validityAt === undefined) into.added(rowCount);
  else into.addedWithNulls(rowCount, { bitmaps: view, at: validityAt, firstBit: firstRow });
}

function skipValues(
  reader: ByteReader,
  view: DataView,
  { typeTag, rowCount }: { readonly typeTag: number; readonly rowCount: number },
): PackedValues {
  switch (typeTag) {
    case COLUMN_TYPES.float:
    case COLUMN_TYPES.integer:
      return skipScaled(reader, view, { type: typeTag === COLUMN_TYPES.float ? 'float' : 'integer', rowCount });
    case COLUMN_TYPES.string:
      return skipStrings(reader, view, rowCount);
    default: {
      const isWide = typeTag === COLUMN_TYPES.wideInteger;
      const at = reader.offset;
      reader.raw(isWide ? rowCount * 8 : bitmapSizeBytes(rowCount));
      return { kind: isWide ? 'wide' : 'bits', at };
    }
  }
}

function skipScaled(
  reader: ByteReader,
  view: DataView,
  { type, rowCount }: { readonly type: 'float' | 'integer'; readonly rowCount: number },
): PackedValues {
  const digitCount = reader.u8();
  const numbers = skipNumbers(reader, rowCount);
  const isPlain = type === 'integer' || numbers.width === 8;
  if (digitCount > (isPlain ? 0 : DIGIT_COUNT_MAX)) throw invalidFrame(`${digitCount} digits behind the point`);
  if (type === 'integer' && numbers.width === 8) {
    const values = readNumbers(view, numbers, 0, new Float64Array(rowCount));
    if (!values.every(Number.isSafeInteger)) throw invalidFrame('an integer beyond ±(2^53 − 1)');
  }
  return { kind: 'numbers', type, numbers, divisor: powerOfTen(digitCount) };
}

function skipStrings(reader: ByteReader, view: DataView, rowCount: number): PackedValues {
  const distinctCount = reader.varint();
  if (distinctCount > rowCount) throw invalidFrame(`${distinctCount} distinct strings of ${rowCount}`);
  const codes = skipCounts(reader, rowCount);
  // Codes of no width are all the same: looking at one keeps the work within the bytes.
  const looked = readNumbers(view, codes, 0, new Float64Array(codes.width === 0 ? 1 : rowCount));
  if (!looked.every((code) => code < distinctCount))
    throw invalidFrame(`a row without one of ${distinctCount} strings`);
  return { kind: 'texts', codes, texts: skipTexts(reader, distinctCount) };
}

function readScaled(view: DataView, { numbers, divisor }: PackedValues & { readonly kind: 'numbers' }, firstRow: number, endRow: number, into: ColumnRoom): void {
  const { numbers: values, row } = into;
  if (values === undefined) {
    const wide = into.widened();
    readNumbers(view, numbers, firstRow, new Float64Array(endRow - firstRow)).forEach((value, index) => (wide[row + index] = BigInt(value)));
    return;
  }
  const rowCount = endRow - firstRow;
  readNumbers(view, numbers, firstRow, values, row, rowCount);
  if (divisor !== 1) for (let index = row; index < row + rowCount; index += 1) values[index]! /= divisor;
}

function readWide(view: DataView, at: number, rowCount: number, into: ColumnRoom): void {
  const values = into.widened();
  for (let index = 0; index < rowCount; index += 1) values[into.row + index] = view.getBigInt64(at + index * 8, true);
}

function readBits(view: DataView, at: number, firstRow: number, endRow: number, into: ColumnRoom): void {
  const values = into.others as Uint8Array;
  for (let row = firstRow; row < endRow; row += 1) values[into.row + row - firstRow] = (view.getUint8(at + (row >> 3)) >> (row & 7)) & 1;
}

/** Each distinct text that the rows have is decoded once. */
function readTexts(view: DataView, { codes, texts }: PackedValues & { readonly kind: 'texts' }, firstRow: number, endRow: number, into: ColumnRoom): void {
  const values = into.others as string[];
  const known = into.textsOf(texts);
  readNumbers(view, codes, firstRow, new Float64Array(endRow - firstRow)).forEach((code, index) => {
    let text = known.get(code);
    if (text === undefined) known.set(code, (text = readText(texts, code)));
    values[into.row + index] = text;
  });
}
