import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { ByteReader, ByteWriter, DbError, type SizeBytes } from '@varve/base';
import { catalogPieces, decodeCatalog } from './catalog-codec.ts';
import type { Catalog } from './catalog.ts';

/*
 * The whole catalog as followers get it and keep it: its JSON, cut and compressed. A large catalog says the same again and
 * again and comes to a twentieth. It is cut so that who makes it never has all of the text.
 *
 * Bytes, to the end: how long a part of the text is, how long its zstd frame is (varints), the frame.
 */
const FAST = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };
/** A longer text is none that JSON.parse takes. Reached: refused. */
const TEXT_SIZE_BYTES_MAX: SizeBytes = 512 * 1024 * 1024;

/** The catalog as few bytes. */
export function packCatalog(catalog: Catalog): Uint8Array {
  const encoder = new TextEncoder();
  const writer = new ByteWriter();
  for (const text of catalogPieces(catalog)) {
    const bytes = encoder.encode(text);
    writer.varint(bytes.length).block(zstdCompressSync(bytes, FAST));
  }
  return writer.finish();
}

/** Reads what {@link packCatalog} wrote. @throws DbError STORAGE_NEWER_FORMAT, MESSAGE_INVALID */
export function unpackCatalog(packed: Uint8Array): Catalog {
  const parts: Uint8Array[] = [];
  let sizeBytes = 0;
  for (const reader = new ByteReader(packed); reader.remaining > 0; sizeBytes += parts.at(-1)!.length) {
    parts.push(readPart(reader, TEXT_SIZE_BYTES_MAX - sizeBytes));
  }
  const text = new Uint8Array(sizeBytes);
  let offset = 0;
  for (const part of parts) {
    text.set(part, offset);
    offset += part.length;
  }
  return decodeCatalog(text);
}

function readPart(reader: ByteReader, leftBytes: SizeBytes): Uint8Array {
  const sizeBytes = reader.varint();
  if (sizeBytes > leftBytes) throw new DbError('MESSAGE_INVALID', `a catalog of more than ${TEXT_SIZE_BYTES_MAX} bytes`);
  const part = decompress(reader.block(), sizeBytes);
  if (part.length !== sizeBytes) throw new DbError('MESSAGE_INVALID', `${part.length} bytes of a catalog where ${sizeBytes} were announced`);
  return part;
}

function decompress(frame: Uint8Array, sizeBytes: SizeBytes): Uint8Array {
  try {
    return zstdDecompressSync(frame, { maxOutputLength: Math.max(1, sizeBytes) });
  } catch (error) {
    throw new DbError('MESSAGE_INVALID', 'zstd refuses a part of the catalog', {}, { cause: error });
  }
}
