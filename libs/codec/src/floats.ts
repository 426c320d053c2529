import type { ByteReader, ByteWriter } from '@varve/base';
import { decodeIntegers, encodeIntegers } from './integers.ts';
import { invalid } from './invalid.ts';
import { readRaw64, writeRaw64 } from './raw64.ts';

/*
 * Most floats were decimals with few digits once: 72.35 is the float64 nearest to 7235 / 100, and a division rounds to the
 * nearest. So a block whose values all come back from integers over one power of ten is stored as these integers; any
 * other as its bytes. Source of the idea: ALP, Afroozeh et al., SIGMOD 2023 (without its exceptions).
 */

/** The tag of a block: digits behind the point, 0..14, or this. */
const RAW = 255;
export const DIGIT_COUNT_MAX = 14;
/** Powers of ten up to 10^14, each exact in float64. */
const SCALES = Float64Array.from({ length: DIGIT_COUNT_MAX + 1 }, (_, digits) => Number(`1e${digits}`));

/** Encodes any float64 values, bit by bit but for the payload of NaN. */
export function writeFloats(writer: ByteWriter, values: Float64Array): void {
  const digitCount = decimalDigits(values);
  const integers = digitCount === undefined ? undefined : scaled(values, digitCount);
  if (integers === undefined) writeRaw64(writer.u8(RAW), values);
  else writer.u8(digitCount!).raw(encodeIntegers(integers));
}

/** The inverse of {@link writeFloats}. @throws DbError CHUNK_INVALID, MESSAGE_INVALID */
export function readFloats(reader: ByteReader, count: number): Float64Array {
  const digitCount = reader.u8();
  if (digitCount === RAW) return readRaw64(reader, count, Float64Array);
  if (digitCount > DIGIT_COUNT_MAX) throw invalid(`${digitCount} digits behind the point`);
  const values = decodeIntegers(reader, count);
  if (digitCount === 0) return values;
  const scale = SCALES[digitCount]!;
  for (let index = 0; index < count; index += 1) values[index] = values[index]! / scale;
  return values;
}

/** The fewest digits that may do for all; `scaled` decides. undefined where one value needs too many. */
function decimalDigits(values: Float64Array): number | undefined {
  let digitCount = 0;
  let scale = 1;
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index]!;
    while (Math.round(value * scale) / scale !== value) {
      digitCount += 1;
      if (digitCount > DIGIT_COUNT_MAX) return undefined;
      scale = SCALES[digitCount]!;
    }
  }
  return digitCount;
}

/** The values times a power of ten, undefined where a value would not come back exactly. −0 would not. */
function scaled(values: Float64Array, digitCount: number): Float64Array | undefined {
  const scale = SCALES[digitCount]!;
  const integers = new Float64Array(values.length);
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index]!;
    const integer = Math.round(value * scale);
    const isExact = integer / scale === value && Math.abs(integer) <= Number.MAX_SAFE_INTEGER;
    if (!isExact || (value === 0 && 1 / value < 0)) return undefined;
    integers[index] = integer;
  }
  return integers;
}
