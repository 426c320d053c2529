import { newIntegers, writeIntegers } from './integers.ts';
import { invalid } from './invalid.ts';
import type { PageReader } from './page-reader.ts';
import type { PageWriter } from './page-writer.ts';

/*
 * Floats that repeat: each distinct one once, and its place per row.
 *
 *   count varint · integers (place per row) · count × f64
 */

/** Values looked at before all of them are. */
const SAMPLE_COUNT = 48;

/** Writes the values, behind `tag`, where at most half of them are distinct. @returns whether it did */
export function maybeWriteFloatDictionary(writer: PageWriter, values: Float64Array, tag: number): boolean {
  if (new Set(values.subarray(0, SAMPLE_COUNT)).size * 4 > Math.min(values.length, SAMPLE_COUNT) * 3) return false;
  const bits = new BigUint64Array(values.buffer, values.byteOffset, values.length);
  const places = new Map<bigint, number>();
  const codes = Float64Array.from(bits, (value) => {
    const place = places.get(value) ?? places.size;
    if (place === places.size) places.set(value, place);
    return place;
  });
  if (places.size * 2 > values.length) return false;
  writeIntegers(writer.u8(tag).varint(places.size), codes);
  for (const value of places.keys()) writer.i64(BigInt.asIntN(64, value));
  return true;
}

/** The inverse of {@link maybeWriteFloatDictionary} behind the tag. @throws DbError CHUNK_INVALID */
export function readFloatDictionary(reader: PageReader, count: number, into: Float64Array): void {
  const distinctCount = reader.varint();
  if (distinctCount > count) throw invalid(`${distinctCount} distinct floats of ${count}`);
  const codes = newIntegers(reader, count);
  const distinct = Float64Array.from({ length: distinctCount }, () => reader.f64());
  for (let index = 0; index < count; index += 1) {
    const value = distinct[codes[index]!];
    if (value === undefined) throw invalid(`code ${codes[index]} of ${distinctCount} floats`);
    into[index] = value;
  }
}
