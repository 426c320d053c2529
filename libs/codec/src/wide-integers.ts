import type { ByteReader, ByteWriter } from '@varve/base';
import { readIntegers, writeIntegers } from './integers.ts';
import { invalid } from './invalid.ts';
import { readRaw64, writeRaw64 } from './raw64.ts';

/*
 * int64 values of which some are beyond ±(2^53 − 1): as distances from the smallest one where these are small enough for
 * float64 (nanosecond clocks), else eight bytes each.
 */

const DISTANCES = 0;
const RAW = 1;
const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER);

/** Encodes any int64 values. */
export function writeWideIntegers(writer: ByteWriter, values: BigInt64Array): void {
  let min = values[0] ?? 0n;
  let max = min;
  for (const value of values) {
    if (value < min) min = value;
    else if (value > max) max = value;
  }
  if (max - min > MAX_SAFE) writeRaw64(writer.u8(RAW), values);
  else {
    const distances = Float64Array.from(values, (value) => Number(value - min));
    writeIntegers(writer.u8(DISTANCES).i64(min), distances);
  }
}

/** The inverse of {@link writeWideIntegers}. @throws DbError CHUNK_INVALID, MESSAGE_INVALID */
export function readWideIntegers(reader: ByteReader, count: number): BigInt64Array {
  const kind = reader.u8();
  if (kind === RAW) return readRaw64(reader, count, BigInt64Array);
  if (kind !== DISTANCES) throw invalid(`unknown kind of wide integers ${kind}`);
  const min = reader.i64();
  return BigInt64Array.from(readIntegers(reader, count), (distance) => min + BigInt(distance));
}
