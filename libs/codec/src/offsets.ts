import { assert, ByteReader, ByteWriter } from '@varve/base';
import { readIntegers, writeIntegers } from './integers.ts';
import { decoding, invalid } from './invalid.ts';

/**
 * Times as nanoseconds from a shard's start: ascending whole numbers in 0..2^53−1 (equal neighbours are allowed). A
 * common unit is factored out; a constant step costs a few bytes whatever the number of rows.
 */
export function encodeOffsets(offsetsNs: Float64Array): Uint8Array {
  assert(isAscending(offsetsNs), 'offsets do not ascend from 0');
  const writer = new ByteWriter();
  writeIntegers(writer, offsetsNs);
  return writer.finish();
}

/** The inverse of {@link encodeOffsets}; what it returns ascends. @throws DbError CHUNK_INVALID */
export function decodeOffsets(bytes: Uint8Array, rowCount: number): Float64Array {
  return decoding('offsets', () => {
    const reader = new ByteReader(bytes);
    const offsetsNs = readIntegers(reader, rowCount);
    if (reader.remaining > 0) throw invalid(`${reader.remaining} bytes behind the offsets`);
    if (!isAscending(offsetsNs)) throw invalid('offsets do not ascend from 0');
    return offsetsNs;
  });
}

function isAscending(offsetsNs: Float64Array): boolean {
  let previous = 0;
  for (let row = 0; row < offsetsNs.length; row += 1) {
    const offsetNs = offsetsNs[row]!;
    if (!(offsetNs >= previous)) return false;
    previous = offsetNs;
  }
  return previous <= Number.MAX_SAFE_INTEGER;
}
