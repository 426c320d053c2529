import { powerOfTen, scaleDecimals } from './decimals.ts';
import { readIntegers, writeIntegers } from './integers.ts';
import { invalid } from './invalid.ts';
import type { PageReader } from './page-reader.ts';
import type { PageWriter } from './page-writer.ts';
import { readRaw64, writeRaw64 } from './raw64.ts';

/** The tag of a block: digits behind the point, 0..14, or this for eight bytes per value. */
const RAW = 255;
const DIGIT_COUNT_MAX = 14;

/** Encodes any float64 values, bit by bit but for the payload of NaN. */
export function writeFloats(writer: PageWriter, values: Float64Array): void {
  const decimals = scaleDecimals(values, DIGIT_COUNT_MAX);
  if (decimals === undefined) writeRaw64(writer.u8(RAW), values);
  else writeIntegers(writer.u8(decimals.digitCount), decimals.integers);
}

/** The inverse of {@link writeFloats}, into the first `count` values of `into`. @throws DbError CHUNK_INVALID */
export function readFloats(reader: PageReader, count: number, into: Float64Array): void {
  const digitCount = reader.u8();
  if (digitCount === RAW) return readRaw64(reader, count, into);
  if (digitCount > DIGIT_COUNT_MAX) throw invalid(`${digitCount} digits behind the point`);
  readIntegers(reader, count, into);
  if (digitCount === 0) return;
  const divisor = powerOfTen(digitCount);
  for (let index = 0; index < count; index += 1) into[index] = into[index]! / divisor;
}
