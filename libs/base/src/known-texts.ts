import { textDecoder, type ByteReader } from './bytes.ts';

/** A power of two. */
const SLOT_COUNT = 2_048;
const LENGTH_MAX = 256;

/**
 * Reads texts that come again and again, as keys and tags of the same series do in every block: what was read before is not
 * decoded anew, and is the same string. Holds at most {@link SLOT_COUNT} texts of {@link LENGTH_MAX} characters; others, and
 * those that are not ASCII, are decoded each time.
 */
export class KnownTexts {
  readonly #slots: (string | undefined)[] = new Array<undefined>(SLOT_COUNT).fill(undefined);

  /** @throws DbError MESSAGE_INVALID */
  read(reader: ByteReader): string {
    const size = reader.varint();
    const { bytes } = reader;
    const start = reader.skip(size);
    const end = start + size;
    if (size > LENGTH_MAX) return textDecoder.decode(bytes.subarray(start, end));
    const slot = slotOf(bytes, start, end);
    const known = this.#slots[slot];
    if (known !== undefined && isSame(known, bytes, start, end)) return known;
    return (this.#slots[slot] = textDecoder.decode(bytes.subarray(start, end)));
  }
}

function slotOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = end - start;
  for (let index = start; index < end; index += 1) hash = (Math.imul(hash, 31) + bytes[index]!) | 0;
  return (hash ^ (hash >>> 16)) & (SLOT_COUNT - 1);
}

function isSame(text: string, bytes: Uint8Array, start: number, end: number): boolean {
  if (text.length !== end - start) return false;
  for (let index = start; index < end; index += 1) {
    const byte = bytes[index]!;
    // A character of one byte is its byte; of others the decoder may have made the same text of other bytes.
    if (byte >= 0x80 || text.charCodeAt(index - start) !== byte) return false;
  }
  return true;
}
