import { assert, type ByteWriter } from '@varve/base';
import type { Column } from '@varve/model';
import { countValid, readBits, writeBits, packBits, unpackBits } from './bits.ts';
import { readFloats, writeFloats } from './floats.ts';
import { readIntegers, writeIntegers } from './integers.ts';
import { invalid } from './invalid.ts';
import { PageReader } from './page-reader.ts';
import { PageWriter } from './page-writer.ts';
import { gather, spread, validRows } from './squeeze.ts';
import { readStrings, writeStrings } from './strings.ts';
import { readWideIntegers, writeWideIntegers } from './wide-integers.ts';

/*
 * A column as bytes that say themselves how they are to be read:
 *
 *   type + 8 u8 · a value per row
 *   type u8 · has nulls u8 · [one bit per row: has a value] · the values that are there
 *
 * Rows without a value are squeezed out. Each type measures a few forms and takes the smallest (integers.ts, floats.ts,
 * strings.ts, bits.ts).
 */

const FLOAT = 0;
const INTEGER = 1;
const WIDE_INTEGER = 2;
const BOOLEAN = 3;
const STRING = 4;
/** Added to the type where no row lacks a value: then there is no null flag. */
const FULL = 8;

/** Encodes the first `rowCount` rows of a column. What stands under a zero validity bit is not kept. */
export function encodeColumn(column: Column, rowCount: number): Uint8Array {
  return writeColumn(column, rowCount).finish();
}

/** As {@link encodeColumn}, behind what a writer has. */
export function appendColumn(bytes: ByteWriter, column: Column, rowCount: number): void {
  writeColumn(column, rowCount).finishInto(bytes);
}

function writeColumn(column: Column, rowCount: number): PageWriter {
  assert(column.values.length >= rowCount, `column of ${column.values.length} values for ${rowCount} rows`);
  const validCount = countValid(column.validity, rowCount);
  const writer = new PageWriter();
  const rows = validCount === rowCount ? undefined : validRows(column.validity!, rowCount, validCount);
  if (rows === undefined) writer.u8(FULL + typeTag(column));
  else writeBits(writer.u8(typeTag(column)).u8(1), unpackBits(column.validity!, rowCount));
  writeValues(writer, column, rows, rowCount);
  return writer;
}

/**
 * The inverse of {@link encodeColumn}: 0, false or '' where a row has no value; no validity where all have one.
 * @throws DbError CHUNK_INVALID
 */
export function decodeColumn(bytes: Uint8Array, rowCount: number): Column {
  return readColumn(bytes, rowCount, undefined);
}

/**
 * As {@link decodeColumn}, for who decodes many columns: floats, and integers within ±(2^53 − 1), are put into the first
 * `rowCount` of `into`, which is what the column then has as its values, longer as it may be. Other types have arrays of
 * their own. After an error `into` holds anything.
 * @throws DbError CHUNK_INVALID
 */
export function decodeColumnInto(bytes: Uint8Array, rowCount: number, into: Float64Array): Column {
  assert(into.length >= rowCount, `room for ${into.length} of ${rowCount} values`);
  return readColumn(bytes, rowCount, into);
}

function readColumn(bytes: Uint8Array, rowCount: number, into: Float64Array | undefined): Column {
  const reader = new PageReader(bytes);
  const tag = reader.u8();
  const hasNulls = tag < FULL ? reader.u8() : 0;
  if (hasNulls > 1) throw invalid(`null flag ${hasNulls}`);
  const validity = hasNulls === 1 ? packBits(readBits(reader, rowCount)) : undefined;
  const column = readValues(reader, tag < FULL ? tag : tag - FULL, { rowCount, validity, into });
  if (reader.remaining > 0) throw invalid(`${reader.remaining} bytes behind the column`);
  return column;
}

function typeTag(column: Column): number {
  switch (column.type) {
    case 'float':
      return FLOAT;
    case 'integer':
      return column.values instanceof BigInt64Array ? WIDE_INTEGER : INTEGER;
    case 'boolean':
      return BOOLEAN;
    case 'string':
      return STRING;
  }
}

function writeValues(writer: PageWriter, column: Column, rows: Uint32Array | undefined, rowCount: number): void {
  switch (column.type) {
    case 'float':
      return writeFloats(writer, presentNumbers(column.values, rows, rowCount));
    case 'integer': {
      const { values } = column;
      if (!(values instanceof BigInt64Array)) return writeIntegers(writer, presentNumbers(values, rows, rowCount));
      return writeWideIntegers(
        writer,
        rows === undefined ? values.subarray(0, rowCount) : gather(values, rows, new BigInt64Array(rows.length)),
      );
    }
    case 'boolean': {
      const { values } = column;
      return writeBits(
        writer,
        rows === undefined ? values.subarray(0, rowCount) : gather(values, rows, new Uint8Array(rows.length)),
      );
    }
    case 'string': {
      const { values } = column;
      return writeStrings(
        writer,
        rows === undefined ? values.slice(0, rowCount) : Array.from(rows, (row) => values[row]!),
      );
    }
  }
}

function presentNumbers(values: Float64Array, rows: Uint32Array | undefined, rowCount: number): Float64Array {
  if (rows !== undefined) return gather(values, rows, new Float64Array(rows.length));
  return values.length === rowCount ? values : values.subarray(0, rowCount);
}

/** Which rows have values, all when there is no validity; and where numbers go. */
interface Target {
  readonly rowCount: number;
  readonly validity: Uint8Array | undefined;
  readonly into: Float64Array | undefined;
}

function readValues(reader: PageReader, type: number, target: Target): Column {
  const { rowCount, validity, into } = target;
  const validCount = validity === undefined ? rowCount : countValid(validity, rowCount);
  switch (type) {
    case FLOAT: {
      const values = into ?? new Float64Array(rowCount);
      readFloats(reader, validCount, values);
      return { type: 'float', values: spread(values, target, 0), validity };
    }
    case INTEGER: {
      const values = into ?? new Float64Array(rowCount);
      readIntegers(reader, validCount, values);
      return { type: 'integer', values: spread(values, target, 0), validity };
    }
    case WIDE_INTEGER: {
      const values = new BigInt64Array(rowCount);
      readWideIntegers(reader, values.subarray(0, validCount));
      return { type: 'integer', values: spread(values, target, 0n), validity };
    }
    case BOOLEAN: {
      const values = new Uint8Array(rowCount);
      values.set(readBits(reader, validCount));
      return { type: 'boolean', values: spread(values, target, 0), validity };
    }
    case STRING: {
      const values = readStrings(reader, validCount);
      values.length = rowCount;
      return { type: 'string', values: spread(values, target, ''), validity };
    }
    default:
      throw invalid(`unknown type of column ${type}`);
  }
}
