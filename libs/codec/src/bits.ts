import { assert } from '@varve/base';
import { invalid } from './invalid.ts';
import { newIntegers, writeIntegers } from './integers.ts';
import type { PageReader } from './page-reader.ts';
import type { PageWriter } from './page-writer.ts';

/*
 * Bitmaps as `Column.validity` has them: bit i is bit i & 7 of byte i >> 3, 1 for a value. Bits behind the last row are 0
 * in what this file returns.
 */

const BITS = 0;
const INTEGERS = 1;

/** Bytes that hold one bit per row. */
export function bitmapSizeBytes(rowCount: number): number {
  return (rowCount + 7) >> 3;
}

/** A bitmap of rows: bit i is whether `test(i)`. */
export function bitmapOf(rowCount: number, test: (rowIndex: number) => boolean): Uint8Array {
  const bitmap = new Uint8Array(bitmapSizeBytes(rowCount));
  for (let row = 0; row < rowCount; row += 1) if (test(row)) bitmap[row >> 3]! |= 1 << (row & 7);
  return bitmap;
}

/** How many of the first `rowCount` rows have a value; all of them where there is no bitmap. */
export function countValid(validity: Uint8Array | undefined, rowCount: number): number {
  if (validity === undefined) return rowCount;
  assert(validity.length >= bitmapSizeBytes(rowCount), `bitmap of ${validity.length} bytes for ${rowCount} rows`);
  let count = 0;
  for (let at = 0; at < rowCount >> 3; at += 1) count += ONES[validity[at]!]!;
  return (rowCount & 7) === 0 ? count : count + ONES[validity[rowCount >> 3]! & ((1 << (rowCount & 7)) - 1)]!;
}

/** One bit per item, 0 or 1 each. */
export function packBits(values: Uint8Array): Uint8Array {
  const bitmap = new Uint8Array(bitmapSizeBytes(values.length));
  for (let at = 0; at < values.length; at += 1) bitmap[at >> 3]! |= (values[at]! & 1) << (at & 7);
  return bitmap;
}

/** The inverse of {@link packBits}; bits behind `count` are ignored. */
export function unpackBits(bitmap: Uint8Array, count: number): Uint8Array {
  assert(bitmap.length >= bitmapSizeBytes(count), `bitmap of ${bitmap.length} bytes for ${count} items`);
  const values = new Uint8Array(count);
  for (let at = 0; at < count; at += 1) values[at] = (bitmap[at >> 3]! >> (at & 7)) & 1;
  return values;
}

/** Zeros and ones as bits, or as integers where long runs make that smaller. */
export function writeBits(writer: PageWriter, values: Uint8Array): void {
  const start = writer.at;
  writer.u8(BITS).raw(packBits(values));
  const middle = writer.at;
  writeIntegers(writer.u8(INTEGERS), Float64Array.from(values));
  writer.keepSmaller(start, middle);
}

/** The inverse of {@link writeBits}. @throws DbError CHUNK_INVALID */
export function readBits(reader: PageReader, count: number): Uint8Array {
  const kind = reader.u8();
  if (kind === BITS) return unpackBits(reader.raw(bitmapSizeBytes(count)), count);
  if (kind !== INTEGERS) throw invalid(`unknown kind of bits ${kind}`);
  const values = newIntegers(reader, count);
  if (values.some((value) => value !== 0 && value !== 1)) throw invalid('a boolean that is neither 0 nor 1');
  return Uint8Array.from(values);
}

const ONES = Uint8Array.from({ length: 256 }, (_, byte) => {
  let count = 0;
  for (let rest = byte; rest > 0; rest >>= 1) count += rest & 1;
  return count;
});
