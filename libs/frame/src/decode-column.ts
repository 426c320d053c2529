import type { ByteReader, SizeBytes } from '@varve/base';
import { bitmapSizeBytes, powerOfTen } from '@varve/codec';
import type { Column, FieldType } from '@varve/model';
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

/** Which rows are read, and where numbers go: [firstRow, endRow), to the start of `into` or into an array of their own. */
export interface ReadRows {
  readonly firstRow: number;
  readonly endRow: number;
  readonly into: Float64Array | undefined;
}

/** Unpacks some rows of a column. */
export function readPackedColumn(view: DataView, column: PackedColumn, { firstRow, endRow, into }: ReadRows): Column {
  const { values } = column;
  const rowCount = endRow - firstRow;
  const validity = readValidity(view, column, firstRow, rowCount);
  switch (values.kind) {
    case 'numbers': {
      const numbers = readNumbers(view, values.numbers, firstRow, into ?? new Float64Array(rowCount), rowCount);
      if (values.divisor !== 1) for (let row = 0; row < rowCount; row += 1) numbers[row]! /= values.divisor;
      clearNulls(numbers, validity, rowCount, 0);
      return { type: values.type, values: numbers, validity };
    }
    case 'wide':
      return { type: 'integer', values: readWide(view, values.at + firstRow * 8, rowCount), validity };
    case 'bits':
      return { type: 'boolean', values: readBits(view, values.at, firstRow, rowCount), validity };
    case 'texts': {
      const texts = readTexts(view, values, firstRow, rowCount);
      clearNulls(texts, validity, rowCount, '');
      return { type: 'string', values: texts, validity };
    }
  }
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

/** Undefined when every row read has a value. */
function readValidity(
  view: DataView,
  { validityAt }: PackedColumn,
  firstRow: number,
  rowCount: number,
): Uint8Array | undefined {
  if (validityAt === undefined) return undefined;
  const validity = new Uint8Array(bitmapSizeBytes(rowCount));
  let validCount = 0;
  for (let index = 0; index < rowCount; index += 1) {
    const bit = bitAt(view, validityAt, firstRow + index);
    validity[index >> 3]! |= bit << (index & 7);
    validCount += bit;
  }
  return validCount === rowCount ? undefined : validity;
}

function readWide(view: DataView, at: number, rowCount: number): BigInt64Array {
  const values = new BigInt64Array(rowCount);
  for (let index = 0; index < rowCount; index += 1) values[index] = view.getBigInt64(at + index * 8, true);
  return values;
}

function readBits(view: DataView, at: number, firstRow: number, rowCount: number): Uint8Array {
  const values = new Uint8Array(rowCount);
  for (let index = 0; index < rowCount; index += 1) values[index] = bitAt(view, at, firstRow + index);
  return values;
}

/** Each distinct text that the rows have is decoded once. */
function readTexts(
  view: DataView,
  { codes, texts }: { readonly codes: PackedNumbers; readonly texts: PackedTexts },
  firstRow: number,
  rowCount: number,
): string[] {
  const known = new Map<number, string>();
  return Array.from(readNumbers(view, codes, firstRow, new Float64Array(rowCount)), (code) => {
    const text = known.get(code) ?? readText(texts, code);
    known.set(code, text);
    return text;
  });
}

function clearNulls<Value>(
  values: { [index: number]: Value },
  validity: Uint8Array | undefined,
  rowCount: number,
  empty: Value,
): void {
  if (validity === undefined) return;
  for (let row = 0; row < rowCount; row += 1)
    if (((validity[row >> 3]! >> (row & 7)) & 1) === 0) values[row] = empty;
}

function bitAt(view: DataView, at: number, row: number): number {
  return (view.getUint8(at + (row >> 3)) >> (row & 7)) & 1;
}
