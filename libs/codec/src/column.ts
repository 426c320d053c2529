import { assert, ByteReader, ByteWriter } from '@varve/base';
import type { Column } from '@varve/model';
import { countValid, readBits, writeBits, packBits, unpackBits } from './bits.ts';
import { readFloats, writeFloats } from './floats.ts';
import { readIntegers, writeIntegers } from './integers.ts';
import { decoding, invalid } from './invalid.ts';
import { gather, scatter, validRows } from './squeeze.ts';
import { readStrings, writeStrings } from './strings.ts';
import { readWideIntegers, writeWideIntegers } from './wide-integers.ts';

/*
 * A column as bytes that say themselves how they are to be read:
 *
 *   type u8 · has nulls u8 · [one bit per row: has a value] · the values that are there, by their type
 *
 * Rows without a value are squeezed out. Each type measures a few forms and takes the smallest (integers.ts, floats.ts,
 * strings.ts, bits.ts).
 */

const FLOAT = 0;
const INTEGER = 1;
const WIDE_INTEGER = 2;
const BOOLEAN = 3;
const STRING = 4;

/** Encodes the first `rowCount` rows of a column. What stands under a zero validity bit is not kept. */
export function encodeColumn(column: Column, rowCount: number): Uint8Array {
  assert(column.values.length >= rowCount, `column of ${column.values.length} values for ${rowCount} rows`);
  const validCount = countValid(column.validity, rowCount);
  const writer = new ByteWriter(64 + validCount);
  const rows = validCount === rowCount ? undefined : validRows(column.validity!, rowCount, validCount);
  writer.u8(typeTag(column)).u8(rows === undefined ? 0 : 1);
  if (rows !== undefined) writeBits(writer, unpackBits(column.validity!, rowCount));
  writeValues(writer, column, rows, rowCount);
  return writer.finish();
}

/**
 * The inverse of {@link encodeColumn}: 0, false or '' where a row has no value; no validity where all have one.
 * @throws DbError CHUNK_INVALID
 */
export function decodeColumn(bytes: Uint8Array, rowCount: number): Column {
  return decoding('column', () => {
    const reader = new ByteReader(bytes);
    const type = reader.u8();
    const hasNulls = reader.u8();
    if (hasNulls > 1) throw invalid(`null flag ${hasNulls}`);
    const validity = hasNulls === 1 ? packBits(readBits(reader, rowCount)) : undefined;
    const column = readValues(reader, type, { rowCount, validity });
    if (reader.remaining > 0) throw invalid(`${reader.remaining} bytes behind the column`);
    return column;
  });
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

function writeValues(writer: ByteWriter, column: Column, rows: Uint32Array | undefined, rowCount: number): void {
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
  return rows === undefined ? values.subarray(0, rowCount) : gather(values, rows, new Float64Array(rows.length));
}

/** Which rows have values; all when there is no validity. */
interface Presence {
  readonly rowCount: number;
  readonly validity: Uint8Array | undefined;
}

function readValues(reader: ByteReader, type: number, { rowCount, validity }: Presence): Column {
  const validCount = countValid(validity, rowCount);
  const rows = validity === undefined ? undefined : validRows(validity, rowCount, validCount);
  switch (type) {
    case FLOAT:
      return { type: 'float', values: spreadNumbers(readFloats(reader, validCount), rows, rowCount), validity };
    case INTEGER:
      return { type: 'integer', values: spreadNumbers(readIntegers(reader, validCount), rows, rowCount), validity };
    case WIDE_INTEGER: {
      const values = readWideIntegers(reader, validCount);
      return {
        type: 'integer',
        values: rows === undefined ? values : scatter(values, rows, new BigInt64Array(rowCount)),
        validity,
      };
    }
    case BOOLEAN: {
      const values = readBits(reader, validCount);
      return {
        type: 'boolean',
        values: rows === undefined ? values : scatter(values, rows, new Uint8Array(rowCount)),
        validity,
      };
    }
    case STRING: {
      const values = readStrings(reader, validCount);
      return {
        type: 'string',
        values: rows === undefined ? values : scatter(values, rows, new Array<string>(rowCount).fill('')),
        validity,
      };
    }
    default:
      throw invalid(`unknown type of column ${type}`);
  }
}

function spreadNumbers(values: Float64Array, rows: Uint32Array | undefined, rowCount: number): Float64Array {
  return rows === undefined ? values : scatter(values, rows, new Float64Array(rowCount));
}
