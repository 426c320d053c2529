import { invalid } from './invalid.ts';
import type { PageReader } from './page-reader.ts';
import type { PageWriter } from './page-writer.ts';
import { readCompressed, writeCompressed } from './zstd.ts';

/*
 * Eight bytes per value for what nothing simpler fits: all first bytes, then all second bytes …, through zstd. Sign,
 * exponent and high bits of neighbours are alike even where the low bits are noise.
 */

/** Values of eight bytes each. */
export function writeRaw64(writer: PageWriter, values: Float64Array | BigInt64Array): void {
  const count = values.length;
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const planes = new Uint8Array(bytes.length);
  for (let plane = 0; plane < 8; plane += 1) {
    const start = plane * count;
    for (let index = 0; index < count; index += 1) planes[start + index] = bytes[index * 8 + plane]!;
  }
  writeCompressed(writer, planes);
}

/** The inverse of {@link writeRaw64}, into the first `count` values of `into`. @throws DbError CHUNK_INVALID */
export function readRaw64(reader: PageReader, count: number, into: Float64Array | BigInt64Array): void {
  const planes = readCompressed(reader);
  if (planes.length !== count * 8) throw invalid(`${planes.length} bytes for ${count} values of 8`);
  const bytes = new Uint8Array(into.buffer, into.byteOffset, planes.length);
  for (let plane = 0; plane < 8; plane += 1) {
    const start = plane * count;
    for (let index = 0; index < count; index += 1) bytes[index * 8 + plane] = planes[start + index]!;
  }
}
