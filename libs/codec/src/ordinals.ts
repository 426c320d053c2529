import { newIntegers, writeIntegers } from './integers.ts';
import { invalid } from './invalid.ts';
import { PageReader } from './page-reader.ts';
import { PageWriter } from './page-writer.ts';

const UINT32_MAX = 2 ** 32 - 1;

/** Small whole numbers in long runs, such as which frame a row came from. Any uint32 is kept. */
export function encodeOrdinals(ordinals: Uint32Array): Uint8Array {
  const writer = new PageWriter();
  writeIntegers(writer, Float64Array.from(ordinals));
  return writer.finish();
}

/** The inverse of {@link encodeOrdinals}. @throws DbError CHUNK_INVALID */
export function decodeOrdinals(bytes: Uint8Array, rowCount: number): Uint32Array {
  const reader = new PageReader(bytes);
  const numbers = newIntegers(reader, rowCount);
  if (reader.remaining > 0) throw invalid(`${reader.remaining} bytes behind the ordinals`);
  if (!numbers.every((number) => number >= 0 && number <= UINT32_MAX)) throw invalid('an ordinal outside uint32');
  return Uint32Array.from(numbers);
}
