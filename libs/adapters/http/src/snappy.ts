import { DbError, type SizeBytes } from '@varve/base';

// The block format of snappy, without frames: https://github.com/google/snappy/blob/main/format_description.txt. A length,
// then literals and copies of what was written before.

const LITERAL = 0;
const COPY_1 = 1;
const COPY_2 = 2;
/** A literal whose length fits into its tag byte. */
const SHORT_LITERAL_MAX = 60;

/** Copies reach back no further than two bytes say. */
const BLOCK_SIZE_BYTES = 65_536;
const HASH_BITS = 14;
const COPY_LENGTH_MIN = 4;
const COPY_LENGTH_MAX = 64;
/** Three bytes stand for 64 at most: who says more has not sent it. */
const EXPANSION_MAX = 22;

/** @throws DbError REQUEST_INVALID with the text of Go's decoder, REQUEST_TOO_LARGE for more than `sizeBytesMax` unpacked */
export function snappyDecode(packed: Uint8Array, sizeBytesMax: SizeBytes): Uint8Array {
  const { sizeBytes, start } = decodedSize(packed);
  if (sizeBytes > packed.length * EXPANSION_MAX) throw corrupt();
  if (sizeBytes > sizeBytesMax) throw new DbError('REQUEST_TOO_LARGE', 'Request Entity Too Large');
  const bytes = new Uint8Array(sizeBytes);
  let at = start;
  let length = 0;
  while (at < packed.length) {
    const tag = packed[at]!;
    const kind = tag & 3;
    if (kind === LITERAL) {
      const extraBytes = Math.max(0, (tag >> 2) - SHORT_LITERAL_MAX + 1);
      const from = at + 1 + extraBytes;
      const size = (extraBytes === 0 ? tag >> 2 : littleEndian(packed, at + 1, extraBytes)) + 1;
      if (from + size > packed.length || length + size > sizeBytes) throw corrupt();
      bytes.set(packed.subarray(from, from + size), length);
      at = from + size;
      length += size;
      continue;
    }
    const extraBytes = kind === COPY_1 ? 1 : kind === COPY_2 ? 2 : 4;
    const size = kind === COPY_1 ? ((tag >> 2) & 7) + COPY_LENGTH_MIN : (tag >> 2) + 1;
    const distance = littleEndian(packed, at + 1, extraBytes) + (kind === COPY_1 ? (tag >> 5) << 8 : 0);
    if (at + 1 + extraBytes > packed.length || distance === 0 || distance > length || length + size > sizeBytes) throw corrupt();
    at += 1 + extraBytes;
    // Byte by byte: a copy may reach into itself.
    for (const end = length + size; length < end; length += 1) bytes[length] = bytes[length - distance]!;
  }
  if (length !== sizeBytes) throw corrupt();
  return bytes;
}

/**
 * Greedy: what four bytes began before, within a block, is copied.
 * @returns the packed form in pieces, each valid until the next is asked for
 */
export function* snappyPieces(bytes: Uint8Array): Generator<Uint8Array> {
  const writer = new SnappyWriter(bytes);
  writer.size(bytes.length);
  yield writer.take();
  for (let start = 0; start < bytes.length; start += BLOCK_SIZE_BYTES) {
    writer.block(start, Math.min(bytes.length, start + BLOCK_SIZE_BYTES));
    yield writer.take();
  }
}

class SnappyWriter {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  /** At worst a literal of 61 bytes and a copy of four, again and again: two bytes more for 65. */
  readonly #packed = new Uint8Array(BLOCK_SIZE_BYTES + BLOCK_SIZE_BYTES / 32 + 16);
  readonly #seenAt = new Int32Array(2 ** HASH_BITS);
  #length = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  take(): Uint8Array {
    const taken = this.#packed.subarray(0, this.#length);
    this.#length = 0;
    return taken;
  }

  size(sizeBytes: SizeBytes): void {
    let rest = sizeBytes;
    for (; rest > 0x7f; rest >>>= 7) this.#byte((rest & 0x7f) | 0x80);
    this.#byte(rest);
  }

  /** [start, end), at most BLOCK_SIZE_BYTES. */
  block(start: number, end: number): void {
    this.#seenAt.fill(-1);
    let literalFrom = start;
    let at = start;
    while (at + COPY_LENGTH_MIN <= end) {
      const word = this.#view.getInt32(at, true);
      const slot = Math.imul(word, 0x1e35a7bd) >>> (32 - HASH_BITS);
      const from = this.#seenAt[slot]!;
      this.#seenAt[slot] = at;
      if (from < 0 || this.#view.getInt32(from, true) !== word) {
        at += 1;
        continue;
      }
      this.#literal(literalFrom, at);
      const size = this.#matchSize(from, at, end);
      this.#copy(at - from, size);
      at += size;
      literalFrom = at;
    }
    this.#literal(literalFrom, end);
  }

  #matchSize(from: number, at: number, end: number): number {
    let size = COPY_LENGTH_MIN;
    while (at + size < end && this.#bytes[from + size] === this.#bytes[at + size]) size += 1;
    return size;
  }

  #copy(distance: number, size: number): void {
    for (let rest = size; rest > 0; rest -= COPY_LENGTH_MAX) {
      this.#byte(((Math.min(rest, COPY_LENGTH_MAX) - 1) << 2) | COPY_2);
      this.#byte(distance & 0xff);
      this.#byte(distance >> 8);
    }
  }

  #literal(from: number, to: number): void {
    const size = to - from;
    if (size === 0) return;
    if (size <= SHORT_LITERAL_MAX) this.#byte((size - 1) << 2);
    else {
      this.#byte((SHORT_LITERAL_MAX + 1) << 2);
      this.#byte((size - 1) & 0xff);
      this.#byte((size - 1) >> 8);
    }
    this.#packed.set(this.#bytes.subarray(from, to), this.#length);
    this.#length += size;
  }

  #byte(byte: number): void {
    this.#packed[this.#length] = byte;
    this.#length += 1;
  }
}

function decodedSize(packed: Uint8Array): { readonly sizeBytes: SizeBytes; readonly start: number } {
  let sizeBytes = 0;
  for (let at = 0; at < Math.min(5, packed.length); at += 1) {
    sizeBytes += (packed[at]! & 0x7f) * 2 ** (7 * at);
    if (packed[at]! < 0x80) {
      if (sizeBytes > 0xffff_ffff) throw corrupt();
      return { sizeBytes, start: at + 1 };
    }
  }
  throw corrupt();
}

/** NaN-free: what lies beyond the end counts as 0, and the caller looks whether it does. */
function littleEndian(bytes: Uint8Array, at: number, count: number): number {
  let value = 0;
  for (let index = 0; index < count; index += 1) value += (bytes[at + index] ?? 0) * 2 ** (8 * index);
  return value;
}

function corrupt(): DbError {
  return new DbError('REQUEST_INVALID', 'snappy: corrupt input');
}
