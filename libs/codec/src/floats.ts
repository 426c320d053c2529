import type { ByteReader, ByteWriter } from '@varve/base';
import { powerOfTen, scaleDecimals } from './decimals.ts';
import { readIntegers, writeIntegers } from './integers.ts';
import { invalid } from './invalid.ts';
import { readRaw64, writeRaw64 } from './raw64.ts';

/** The tag of a block: digits behind the point, 0..14, or this for eight bytes per value. */
const RAW = 255;
const DIGIT_COUNT_MAX = 14;

/** Encodes any float64 values, bit by bit but for the payload of NaN. */
export function writeFloats(writer: ByteWriter, values: Float64Array): void {
  const decimals = scaleDecimals(values, DIGIT_COUNT_MAX);
  if (decimals === undefined) writeRaw64(writer.u8(RAW), values);
  else writeIntegers(writer.u8(decimals.digitCount), decimals.integers);
}

/** The inverse of {@link writeFloats}. @throws DbError CHUNK_INVALID, MESSAGE_INVALID */
export function readFloats(reader: ByteReader, count: number): Float64Array {
  const digitCount = reader.u8();
  if (digitCount === RAW) return readRaw64(reader, count, Float64Array);
  if (digitCount > DIGIT_COUNT_MAX) throw invalid(`${digitCount} digits behind the point`);
  const values = readIntegers(reader, count);
  if (digitCount === 0) return values;
  const divisor = powerOfTen(digitCount);
  for (let index = 0; index < count; index += 1) values[index] = values[index]! / divisor;
  return values;
}
