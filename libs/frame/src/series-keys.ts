import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { ByteReader, ByteWriter } from '@varve/base';
import { KnownKeys } from './known-keys.ts';
import { invalidFrame } from './layout.ts';
import { readText, skipTexts, writeTexts } from './texts.ts';

/*
 * The series dictionary of a section. Keys repeat their tags, so a batch with one row per series would be mostly keys:
 * above a kilobyte they go through zstd at its fastest, which takes less time than writing them to the journal.
 */

const PLAIN = 0;
const ZSTD = 1;
const ZSTD_PARAMS = { [constants.ZSTD_c_compressionLevel]: 1 };
const ZSTD_SIZE_BYTES_MIN = 1_024;
/** Node takes no less. What is unpacked comes in one piece then, instead of pieces that are put together. */
const CHUNK_SIZE_BYTES_MIN = 64;
/** What the few bytes of a frame may unfold to. Keys beyond stay plain: too big for a frame, which is then cut. */
const UNFOLDED_SIZE_BYTES_MAX = 8 * 1024 * 1024;

/** What the sections of one frame may still unfold, in encoder and decoder alike. */
export interface UnfoldBudget {
  leftBytes: number;
}

export function unfoldBudget(): UnfoldBudget {
  return { leftBytes: UNFOLDED_SIZE_BYTES_MAX };
}

const written = new KnownKeys();
const read = new KnownKeys();

/** Writes the keys of a section. */
export function writeSeriesKeys(writer: ByteWriter, keys: readonly string[], budget: UnfoldBudget): void {
  writer.varint(keys.length);
  const known = written.findKeys(keys);
  if (known !== undefined && known.sizeBytes <= budget.leftBytes) {
    budget.leftBytes -= known.sizeBytes;
    writer.u8(ZSTD).varint(known.sizeBytes).block(known.packed);
    return;
  }
  const texts = new ByteWriter(4_096);
  writeTexts(texts, keys);
  const plain = texts.written();
  if (plain.length < ZSTD_SIZE_BYTES_MIN || plain.length > budget.leftBytes) {
    writer.u8(PLAIN).block(plain);
    return;
  }
  budget.leftBytes -= plain.length;
  const packed = zstdCompressSync(plain, { params: ZSTD_PARAMS });
  written.keep(keys, packed, plain.length);
  writer.u8(ZSTD).varint(plain.length).block(packed);
}

/** Of two sections with the same keys it may be one array: nobody may change it. @throws DbError FRAME_INVALID, MESSAGE_INVALID */
export function readSeriesKeys(reader: ByteReader, rowCountMax: number, budget: UnfoldBudget): readonly string[] {
  const count = reader.varint();
  if (count < 1 || count > rowCountMax) throw invalidFrame(`${count} series of ${rowCountMax} rows`);
  const kind = reader.u8();
  if (kind === PLAIN) return keysIn(reader.block(), count);
  if (kind !== ZSTD) throw invalidFrame(`unknown form of series keys ${kind}`);
  const sizeBytes = reader.varint();
  if (sizeBytes > budget.leftBytes)
    throw invalidFrame(`${sizeBytes} bytes of series keys, ${budget.leftBytes} are left`);
  budget.leftBytes -= sizeBytes;
  const packed = reader.block();
  const known = read.findPacked(packed);
  if (known?.keys.length === count && known.sizeBytes === sizeBytes) return known.keys;
  const plain = decompress(packed, sizeBytes);
  if (plain.length !== sizeBytes)
    throw invalidFrame(`${plain.length} bytes of series keys where ${sizeBytes} were announced`);
  const keys = keysIn(plain, count);
  read.keep(keys, packed, sizeBytes);
  return keys;
}

function keysIn(bytes: Uint8Array, count: number): readonly string[] {
  const plain = new ByteReader(bytes);
  const texts = skipTexts(plain, count);
  if (plain.remaining > 0) throw invalidFrame(`${plain.remaining} bytes behind the series keys`);
  const keys = Array.from({ length: count }, (_, index) => readText(texts, index));
  if (new Set(keys).size !== count) throw invalidFrame('a series key occurs twice');
  return keys;
}

/** Steps over the keys of a section, unchecked. Returns how many they are. @throws DbError FRAME_INVALID, MESSAGE_INVALID */
export function skipSeriesKeys(reader: ByteReader): number {
  const count = reader.varint();
  if (reader.u8() === ZSTD) reader.varint();
  reader.block();
  return count;
}

function decompress(packed: Uint8Array, sizeBytes: number): Uint8Array {
  try {
    return zstdDecompressSync(packed, { maxOutputLength: Math.max(1, sizeBytes), chunkSize: Math.max(CHUNK_SIZE_BYTES_MIN, sizeBytes + 1) });
  } catch (error) {
    throw invalidFrame('zstd refuses the series keys', {
      reason: error instanceof Error ? error.message : String(error),
    });
  }
}
