import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { invalid } from './invalid.ts';
import type { PageReader } from './page-reader.ts';
import type { PageWriter } from './page-writer.ts';

const PLAIN = 0;
const ZSTD = 1;
/** Below this a zstd frame's own header eats what it saves. */
const ZSTD_SIZE_BYTES_MIN = 64;
/** Bigger blocks stay plain, so that a few hostile bytes cannot ask for more memory than this. */
const ZSTD_SIZE_BYTES_MAX = 8 * 1024 * 1024;

/** Bytes as they are or through zstd, whichever is smaller. */
export function writeCompressed(writer: PageWriter, plain: Uint8Array): void {
  if (plain.length >= ZSTD_SIZE_BYTES_MIN && plain.length <= ZSTD_SIZE_BYTES_MAX) {
    const packed = zstdCompressSync(plain);
    if (packed.length < plain.length) {
      writer.u8(ZSTD).varint(plain.length).block(packed);
      return;
    }
  }
  writer.u8(PLAIN).block(plain);
}

/** The inverse of {@link writeCompressed}; plain bytes are a view. @throws DbError CHUNK_INVALID */
export function readCompressed(reader: PageReader): Uint8Array {
  const kind = reader.u8();
  if (kind === PLAIN) return reader.block();
  if (kind !== ZSTD) throw invalid(`unknown compression ${kind}`);
  const sizeBytes = reader.varint();
  if (sizeBytes > ZSTD_SIZE_BYTES_MAX) throw invalid(`${sizeBytes} compressed bytes are more than a block can have`);
  const plain = decompress(reader.block(), sizeBytes);
  if (plain.length !== sizeBytes) throw invalid(`${plain.length} bytes where ${sizeBytes} were announced`);
  return plain;
}

function decompress(packed: Uint8Array, sizeBytes: number): Uint8Array {
  try {
    return zstdDecompressSync(packed, { maxOutputLength: Math.max(1, sizeBytes) });
  } catch (error) {
    throw invalid('zstd refuses the bytes', { reason: error instanceof Error ? error.message : String(error) });
  }
}
