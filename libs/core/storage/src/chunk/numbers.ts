import type { ByteReader, ByteWriter } from '@varve/base';
import { appendColumn, decodeColumnInto, encodeColumn } from '@varve/codec';
import { chunkInvalid } from './chunk-invalid.ts';

/** Whole numbers within ±(2^53 − 1), packed as an integer column. */
export function encodeNumbers(values: Float64Array): Uint8Array {
  return encodeColumn({ type: 'integer', values }, values.length);
}

/** As {@link encodeNumbers}, behind what a writer has. */
export function appendNumbers(writer: ByteWriter, values: Float64Array): void {
  appendColumn(writer, { type: 'integer', values }, values.length);
}

/** The inverse of {@link encodeNumbers}, into an array of so many. @throws DbError CHUNK_INVALID */
export function decodeNumbers(bytes: Uint8Array, count: number, into: Float64Array = new Float64Array(count)): Float64Array {
  const column = decodeColumnInto(bytes, count, into);
  if (column.type === 'integer' && column.values instanceof Float64Array && column.validity === undefined) return column.values;
  throw chunkInvalid('numbers of a chunk');
}

/** As {@link decodeNumbers}, of numbers that are not negative. @throws DbError CHUNK_INVALID */
export function decodeCounts(bytes: Uint8Array, count: number): Float64Array {
  const numbers = decodeNumbers(bytes, count);
  if (extremesOf(numbers)[0] < 0) throw chunkInvalid('numbers of a chunk');
  return numbers;
}

/** How many bytes, then {@link encodeNumbers}. */
export function writeNumbers(writer: ByteWriter, values: Float64Array): void {
  writer.block(encodeNumbers(values));
}

/** The inverse of {@link writeNumbers}, of numbers that are not negative. @throws DbError CHUNK_INVALID */
export function readNumbers(reader: ByteReader, count: number): Float64Array {
  return decodeCounts(reader.block(), count);
}

/** Infinity and -Infinity where there are none. */
export function extremesOf(values: Float64Array): [min: number, max: number] {
  let [min, max] = [Infinity, -Infinity];
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index]!;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return [min, max];
}
