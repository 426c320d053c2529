import { newIntegers, writeIntegers } from './integers.ts';
import { invalid } from './invalid.ts';
import type { PageReader } from './page-reader.ts';
import type { PageWriter } from './page-writer.ts';
import { readRaw64, writeRaw64 } from './raw64.ts';

/*
 * int64 values of which some are beyond ±(2^53 − 1): as distances from the smallest one where these are small enough for
 * float64 (nanosecond clocks), else eight bytes each.
 */

const DISTANCES = 0;
const RAW = 1;
const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER);

/** Encodes any int64 values. */
export function writeWideIntegers(writer: PageWriter, values: BigInt64Array): void {
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

/** The inverse of {@link writeWideIntegers}, into all of `values`. @throws DbError CHUNK_INVALID */
export function readWideIntegers(reader: PageReader, values: BigInt64Array): void {
  const kind = reader.u8();
  if (kind === RAW) readRaw64(reader, values.length, values);
  else if (kind === DISTANCES) addDistances(reader.i64(), newIntegers(reader, values.length), values);
  else throw invalid(`unknown kind of wide integers ${kind}`);
}

function addDistances(min: bigint, distances: Float64Array, values: BigInt64Array): void {
  for (let index = 0; index < values.length; index += 1) values[index] = min + BigInt(distances[index]!);
}
