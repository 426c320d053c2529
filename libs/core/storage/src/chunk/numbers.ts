import type { ByteReader, ByteWriter } from '@varve/base';
import { decodeColumn, encodeColumn } from '@varve/codec';
import { chunkInvalid } from './chunk-invalid.ts';

/** Whole numbers within ±(2^53 − 1), as many as there are pages or blocks. */
export function writeNumbers(writer: ByteWriter, values: Float64Array): void {
  writer.block(encodeColumn({ type: 'integer', values }, values.length));
}

/** The inverse of {@link writeNumbers}: numbers that are not negative. @throws DbError CHUNK_INVALID */
export function readNumbers(reader: ByteReader, count: number): Float64Array {
  const column = decodeColumn(reader.block(), count);
  const isRight = column.type === 'integer' && column.values instanceof Float64Array && column.validity === undefined;
  if (!isRight || column.values.some((value) => value < 0)) throw chunkInvalid('numbers of a chunk header');
  return column.values;
}
