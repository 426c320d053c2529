import { assert, type ByteWriter } from '@varve/base';

const FIRST_SCALE = 0x40;
const MORE = 0x80;
const NEGATIVE = 0x40;
/** Words may be stored beyond the last byte that counts. */
const SLACK_SIZE_BYTES = 4;
/** A bigger buffer is not kept for the next page. */
const KEPT_SIZE_BYTES_MAX = 1024 * 1024;

/** The same bytes twice: typed arrays copy faster, views write words anywhere. */
interface Room {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

let kept: Room | undefined = roomOf(4_096);

/**
 * Writes what `PageReader` reads. One form can be tried after the other in place: setting `at` back forgets what was
 * written behind it.
 *
 * A page of 360 values is encoded in a few microseconds, of which a buffer of its own would take one: the buffer is kept
 * for the next writer, and a second writer at the same time gets its own.
 */
export class PageWriter {
  /** Bytes written so far. May be set to less. */
  at = 0;
  #room: Room;

  constructor() {
    this.#room = kept ?? roomOf(4_096);
    kept = undefined;
  }

  u8(value: number): this {
    const at = this.reserve(1);
    this.#room.view.setUint8(at, value);
    return this;
  }

  i64(value: bigint): this {
    const at = this.reserve(8);
    this.#room.view.setBigInt64(at, value, true);
    return this;
  }

  f64(value: number): this {
    const at = this.reserve(8);
    this.#room.view.setFloat64(at, value, true);
    return this;
  }

  /** Unsigned LEB128 for whole numbers in 0..2^53 − 1. */
  varint(value: number): this {
    assert(Number.isSafeInteger(value) && value >= 0, `varint out of range: ${value}`);
    let rest = value;
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) this.u8((rest % 0x80) | 0x80);
    return this.u8(rest);
  }

  /** A whole number within ±(2^53 − 1): six bits and the sign in the first byte, the rest as a varint. */
  signed(value: number): this {
    const magnitude = Math.abs(value);
    const rest = Math.floor(magnitude / FIRST_SCALE);
    this.u8((magnitude % FIRST_SCALE) + (value < 0 ? NEGATIVE : 0) + (rest > 0 ? MORE : 0));
    return rest > 0 ? this.varint(rest) : this;
  }

  raw(bytes: Uint8Array): this {
    const at = this.reserve(bytes.length);
    this.#room.bytes.set(bytes, at);
    return this;
  }

  /** A varint length, then the bytes. */
  block(bytes: Uint8Array): this {
    return this.varint(bytes.length).raw(bytes);
  }

  /** The first bytes of little-endian words. */
  words(words: Uint32Array, sizeBytes: number): this {
    const at = this.reserve(sizeBytes);
    for (let word = 0; word * 4 < sizeBytes; word += 1) this.#room.view.setUint32(at + word * 4, words[word]!, true);
    return this;
  }

  /** Makes room for bytes, whose values are not defined, and returns where they begin. */
  reserve(sizeBytes: number): number {
    const { at } = this;
    this.at = at + sizeBytes;
    if (this.at + SLACK_SIZE_BYTES > this.#room.bytes.length) this.#grow(this.at + SLACK_SIZE_BYTES);
    return at;
  }

  /** Two forms were written one behind the other, the second from `middle` on: keeps the smaller one, the first of equals. */
  keepSmaller(start: number, middle: number): void {
    const sizeBytes = this.at - middle;
    if (sizeBytes < middle - start) {
      this.#room.bytes.copyWithin(start, middle, this.at);
      this.at = start + sizeBytes;
    } else this.at = middle;
  }

  /** A copy of exactly what was written, in a buffer of its own. The writer ends here. */
  finish(): Uint8Array {
    this.#keepRoom();
    return this.#room.bytes.slice(0, this.at);
  }

  /** As {@link finish}, behind what another writer has: no buffer is made for a page on its way. */
  finishInto(writer: ByteWriter): void {
    this.#keepRoom();
    writer.raw(this.#room.bytes.subarray(0, this.at));
  }

  #keepRoom(): void {
    if (this.#room.bytes.length <= KEPT_SIZE_BYTES_MAX) kept = this.#room;
  }

  #grow(sizeBytes: number): void {
    const grown = roomOf(Math.max(sizeBytes, this.#room.bytes.length * 2));
    grown.bytes.set(this.#room.bytes);
    this.#room = grown;
  }
}

function roomOf(sizeBytes: number): Room {
  const bytes = new Uint8Array(sizeBytes);
  return { bytes, view: new DataView(bytes.buffer) };
}
