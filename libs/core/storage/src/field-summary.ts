import type { ByteReader, ByteWriter } from '@varve/base';
import { valueAt, type Column, type FieldValue, type NamedColumn } from '@varve/model';
import { isBitSet } from './bits.ts';
import { chunkInvalid } from './chunk-invalid.ts';

/**
 * What is known of a field in a chunk without its payload. Values are undefined where the type has none: a boolean has no
 * min, max and sum, a string only a count (its values may be long).
 */
export interface FieldSummary {
  /** Rows with a value: at least one. */
  readonly count: number;
  /** Times of the earliest and the latest value. */
  readonly firstOffsetNs: number;
  readonly lastOffsetNs: number;
  readonly first: FieldValue | undefined;
  readonly last: FieldValue | undefined;
  readonly min: number | bigint | undefined;
  readonly max: number | bigint | undefined;
  /** Floats: added in time order. Integers: exact modulo 2^64 as int64 has it, as InfluxDB's `sum()` wraps. */
  readonly sum: number | bigint | undefined;
}

/** Summarizes a column with at least one value; rows ascend by time, and no time has two values. */
export function summarize({ column }: NamedColumn, offsetsNs: Float64Array): FieldSummary {
  const { count, firstRow, lastRow } = extentOf(column, offsetsNs.length);
  const isLong = column.type === 'string';
  return {
    count,
    firstOffsetNs: offsetsNs[firstRow]!,
    lastOffsetNs: offsetsNs[lastRow]!,
    first: isLong ? undefined : valueAt(column, firstRow),
    last: isLong ? undefined : valueAt(column, lastRow),
    ...(column.type === 'float' || column.type === 'integer' ? numbersOf(column, firstRow) : NO_NUMBERS),
  };
}

type Numbers = Pick<FieldSummary, 'min' | 'max' | 'sum'>;
const NO_NUMBERS: Numbers = { min: undefined, max: undefined, sum: undefined };

function extentOf(column: Column, rowCount: number): { count: number; firstRow: number; lastRow: number } {
  if (column.validity === undefined) return { count: rowCount, firstRow: 0, lastRow: rowCount - 1 };
  let count = 0;
  let firstRow = -1;
  let lastRow = -1;
  for (let row = 0; row < rowCount; row += 1) {
    if (valueAt(column, row) === undefined) continue;
    if (count === 0) firstRow = row;
    lastRow = row;
    count += 1;
  }
  return { count, firstRow, lastRow };
}

function numbersOf(column: Column & { readonly type: 'float' | 'integer' }, firstRow: number): Numbers {
  const { values, validity } = column;
  if (values instanceof BigInt64Array) return bigNumbersOf(column);
  let min = values[firstRow]!;
  let max = min;
  let sum = 0;
  for (let row = firstRow; row < values.length; row += 1) {
    if (validity !== undefined && !isBitSet(validity, row)) continue;
    const value = values[row]!;
    if (value < min) min = value;
    if (value > max) max = value;
    sum += value;
  }
  const isExact = column.type === 'float' || Math.max(-min, max) * values.length <= Number.MAX_SAFE_INTEGER;
  return isExact ? { min, max, sum } : { min, max, sum: exactSum(column) };
}

function bigNumbersOf(column: Column): Numbers {
  let min: number | bigint | undefined;
  let max: number | bigint | undefined;
  for (let row = 0; row < column.values.length; row += 1) {
    const value = valueAt(column, row) as number | bigint | undefined;
    if (value === undefined) continue;
    if (min === undefined || value < min) min = value;
    if (max === undefined || value > max) max = value;
  }
  return { min, max, sum: exactSum(column) };
}

function exactSum(column: Column): number | bigint {
  let sum = 0n;
  for (let row = 0; row < column.values.length; row += 1) {
    const value = valueAt(column, row);
    if (value !== undefined) sum += BigInt(value as number | bigint);
  }
  const wrapped = BigInt.asIntN(64, sum);
  return Number.isSafeInteger(Number(wrapped)) ? Number(wrapped) : wrapped;
}

/** Offsets are written from the chunk's ends, where they nearly always lie. */
export interface ChunkEnds {
  readonly minOffsetNs: number;
  readonly maxOffsetNs: number;
}

/** Source: docs/formats/chunk.md, "Summary". */
export function writeSummary(writer: ByteWriter, summary: FieldSummary, ends: ChunkEnds): void {
  writer.varint(summary.count);
  writer.varint(summary.firstOffsetNs - ends.minOffsetNs).varint(ends.maxOffsetNs - summary.lastOffsetNs);
  for (const value of [summary.first, summary.last, summary.min, summary.max, summary.sum]) writeValue(writer, value);
}

/** The inverse of {@link writeSummary}. @throws DbError CHUNK_INVALID, MESSAGE_INVALID */
export function readSummary(reader: ByteReader, ends: ChunkEnds): FieldSummary {
  const count = reader.varint();
  const firstOffsetNs = ends.minOffsetNs + reader.varint();
  const lastOffsetNs = ends.maxOffsetNs - reader.varint();
  const [first, last] = [readValue(reader), readValue(reader)];
  const [min, max, sum] = [readNumber(reader), readNumber(reader), readNumber(reader)];
  return { count, firstOffsetNs, lastOffsetNs, first, last, min, max, sum };
}

// A value is a kind byte and what the kind asks for. Kinds 0 to DECIMALS_MAX are that many decimals of a zigzag varint.
const DECIMALS_MAX = 4;
const KIND = { float: 8, bigint: 9, false: 10, true: 11, none: 12 } as const;
const MANTISSA_MAX = 2 ** 51;

function writeValue(writer: ByteWriter, value: FieldValue | undefined): void {
  if (value === undefined) writer.u8(KIND.none);
  else if (typeof value === 'boolean') writer.u8(value ? KIND.true : KIND.false);
  else if (typeof value === 'bigint') writer.u8(KIND.bigint).i64(value);
  else writeNumber(writer, value as number);
}

function writeNumber(writer: ByteWriter, value: number): void {
  for (let decimals = 0; decimals <= DECIMALS_MAX; decimals += 1) {
    const mantissa = Math.round(value * 10 ** decimals);
    const isExact = Math.abs(mantissa) <= MANTISSA_MAX && mantissa / 10 ** decimals === value && !Object.is(value, -0);
    if (!isExact) continue;
    writer.u8(decimals).varint(mantissa < 0 ? -mantissa * 2 - 1 : mantissa * 2);
    return;
  }
  writer.u8(KIND.float).f64(value);
}

function readValue(reader: ByteReader): FieldValue | undefined {
  const kind = reader.u8();
  if (kind <= DECIMALS_MAX) {
    const zigzag = reader.varint();
    return (zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2) / 10 ** kind;
  }
  switch (kind) {
    case KIND.float:
      return reader.f64();
    case KIND.bigint:
      return reader.i64();
    case KIND.false:
      return false;
    case KIND.true:
      return true;
    case KIND.none:
      return undefined;
    default:
      throw chunkInvalid(`unknown kind of value ${kind}`);
  }
}

function readNumber(reader: ByteReader): number | bigint | undefined {
  const value = readValue(reader);
  if (typeof value === 'boolean' || typeof value === 'string') throw chunkInvalid(`${typeof value} for a number`);
  return value;
}
