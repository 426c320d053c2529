import { assert } from '@varve/base';
import { readIntegers, writeIntegers } from './integers.ts';
import { invalid } from './invalid.ts';
import { PageReader } from './page-reader.ts';
import { PageWriter } from './page-writer.ts';

/**
 * Times as nanoseconds from a shard's start: ascending whole numbers in 0..2^53−1 (equal neighbours are allowed). A
 * common unit is factored out; a constant step costs a few bytes whatever the number of rows.
 */
export function encodeOffsets(offsetsNs: Float64Array): Uint8Array {
  assert(isAscending(offsetsNs, offsetsNs.length), 'offsets do not ascend from 0');
  const writer = new PageWriter();
  writeIntegers(writer, offsetsNs);
  return writer.finish();
}

/** The inverse of {@link encodeOffsets}; what it returns ascends. @throws DbError CHUNK_INVALID */
export function decodeOffsets(bytes: Uint8Array, rowCount: number): Float64Array {
  const offsetsNs = new Float64Array(rowCount);
  decodeOffsetsInto(bytes, rowCount, offsetsNs);
  return offsetsNs;
}

/** As {@link decodeOffsets}, into the first `rowCount` of an array that is at least as long. @throws DbError CHUNK_INVALID */
export function decodeOffsetsInto(bytes: Uint8Array, rowCount: number, offsetsNs: Float64Array): void {
  assert(offsetsNs.length >= rowCount, `room for ${offsetsNs.length} of ${rowCount} offsets`);
  const reader = new PageReader(bytes);
  readIntegers(reader, rowCount, offsetsNs);
  if (reader.remaining > 0) throw invalid(`${reader.remaining} bytes behind the offsets`);
  if (!isAscending(offsetsNs, rowCount)) throw invalid('offsets do not ascend from 0');
}

function isAscending(offsetsNs: Float64Array, rowCount: number): boolean {
  let previous = 0;
  for (let row = 0; row < rowCount; row += 1) {
    const offsetNs = offsetsNs[row]!;
    if (!(offsetNs >= previous)) return false;
    previous = offsetNs;
  }
  return previous <= Number.MAX_SAFE_INTEGER;
}
