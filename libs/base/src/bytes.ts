import { DbError } from './db-error.ts';
import { assert } from './assert.ts';

const textEncoder = new TextEncoder();
/** Below it the encoder takes longer to begin than a text is worth. */
const SHORT_TEXT_LENGTH_END = 256;

export const textDecoder = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true });

/** What a whole number may take: two's complement. */
export type WholeSizeBytes = 1 | 2 | 4;

/** Appends little-endian values to a growing buffer. A buffer that it has outgrown is freed at once: the collector comes late for these. */
export class ByteWriter {
  #bytes: Uint8Array<ArrayBuffer>;
  #view: DataView;
  #length = 0;

  constructor(capacityBytes = 256) {
    this.#bytes = new Uint8Array(capacityBytes);
    this.#view = new DataView(this.#bytes.buffer);
  }

  get length(): number {
    return this.#length;
  }

  u8(value: number): this {
    const offset = this.#grow(1);
    this.#view.setUint8(offset, value);
    return this;
  }

  u16(value: number): this {
    const offset = this.#grow(2);
    this.#view.setUint16(offset, value, true);
    return this;
  }

  u32(value: number): this {
    const offset = this.#grow(4);
    this.#view.setUint32(offset, value, true);
    return this;
  }

  f64(value: number): this {
    const offset = this.#grow(8);
    this.#view.setFloat64(offset, value, true);
    return this;
  }

  /** The numbers at these indexes. */
  f64s(values: readonly number[], indexes: readonly number[]): this {
    const offset = this.#grow(8 * indexes.length);
    for (let place = 0; place < indexes.length; place += 1) this.#view.setFloat64(offset + 8 * place, values[indexes[place]!]!, true);
    return this;
  }

  /** The numbers at these indexes, each of the array that `arrayOf` says. */
  f64sOf(arrays: readonly Float64Array[], arrayOf: readonly number[], indexes: readonly number[]): this {
    const offset = this.#grow(8 * indexes.length);
    const view = this.#view;
    for (let place = 0; place < indexes.length; place += 1) view.setFloat64(offset + 8 * place, arrays[arrayOf[place]!]![indexes[place]!]!, true);
    return this;
  }

  /** As {@link f64s} of whole numbers that fit into so many bytes each. */
  wholes(sizeBytes: WholeSizeBytes, values: readonly number[], indexes: readonly number[]): this {
    const offset = this.#grow(sizeBytes * indexes.length);
    for (let place = 0; place < indexes.length; place += 1) setWhole(this.#view, sizeBytes, offset + sizeBytes * place, values[indexes[place]!]!);
    return this;
  }

  /** As {@link f64sOf} of such numbers. */
  wholesOf(sizeBytes: WholeSizeBytes, arrays: readonly Float64Array[], arrayOf: readonly number[], indexes: readonly number[]): this {
    const offset = this.#grow(sizeBytes * indexes.length);
    const view = this.#view;
    for (let place = 0; place < indexes.length; place += 1) setWhole(view, sizeBytes, offset + sizeBytes * place, arrays[arrayOf[place]!]![indexes[place]!]!);
    return this;
  }

  i64(value: bigint): this {
    const offset = this.#grow(8);
    this.#view.setBigInt64(offset, value, true);
    return this;
  }

  /** Unsigned LEB128 for whole numbers in 0..2^53-1. */
  varint(value: number): this {
    assert(Number.isSafeInteger(value) && value >= 0, `varint out of range: ${value}`);
    let rest = value;
    while (rest >= 0x80) {
      this.u8((rest % 0x80) | 0x80);
      rest = Math.floor(rest / 0x80);
    }
    return this.u8(rest);
  }

  raw(bytes: Uint8Array): this {
    const offset = this.#grow(bytes.length);
    this.#bytes.set(bytes, offset);
    return this;
  }

  /** A varint length, then the bytes. */
  block(bytes: Uint8Array): this {
    return this.varint(bytes.length).raw(bytes);
  }

  /** A varint length in bytes, then UTF-8. */
  text(text: string): this {
    return this.#shortText(text) ? this : this.block(textEncoder.encode(text));
  }

  /** Zero bytes up to a multiple of `alignment`, so that typed arrays can lie over what follows. */
  alignTo(alignment: number): this {
    while (this.#length % alignment !== 0) this.u8(0);
    return this;
  }

  /** Overwrites four bytes that were written before. */
  setU32(offset: number, value: number): void {
    assert(offset + 4 <= this.#length, `setU32 at ${offset} beyond ${this.#length}`);
    this.#view.setUint32(offset, value, true);
  }

  /** What was written so far, in place: valid until more is written. */
  written(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Forgets what was written and keeps the buffer. */
  clear(): void {
    this.#length = 0;
  }

  /** Exactly what was written, in a buffer of its own; the writer is empty then. */
  finish(): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(this.#bytes.buffer.transfer(this.#length));
    this.#use(new Uint8Array(0));
    this.#length = 0;
    return bytes;
  }

  /** Writes a short text whose characters are ASCII; else nothing, and returns false. */
  #shortText(text: string): boolean {
    const { length } = text;
    if (length >= SHORT_TEXT_LENGTH_END) return false;
    const before = this.#length;
    const start = this.varint(length).#grow(length);
    for (let index = 0; index < length; index += 1) {
      const code = text.charCodeAt(index);
      if (code >= 0x80) {
        this.#length = before;
        return false;
      }
      this.#bytes[start + index] = code;
    }
    return true;
  }

  /** Makes room, and returns where it begins. Call it first: it may put another buffer under the writer. */
  #grow(sizeBytes: number): number {
    const offset = this.#length;
    const needed = offset + sizeBytes;
    if (needed > this.#bytes.length) this.#use(new Uint8Array(this.#bytes.buffer.transfer(Math.max(needed, this.#bytes.length * 2))));
    this.#length = needed;
    return offset;
  }

  #use(bytes: Uint8Array<ArrayBuffer>): void {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
  }
}

function setWhole(view: DataView, sizeBytes: WholeSizeBytes, offset: number, value: number): void {
  if (sizeBytes === 1) view.setInt8(offset, value);
  else if (sizeBytes === 2) view.setInt16(offset, value, true);
  else view.setInt32(offset, value, true);
}

/** Reads what {@link ByteWriter} wrote. Never reads beyond its bytes. */
export class ByteReader {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  #offset: number;

  constructor(bytes: Uint8Array, offset = 0) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#offset = offset;
  }

  get offset(): number {
    return this.#offset;
  }

  get remaining(): number {
    return this.bytes.length - this.#offset;
  }

  u8(): number {
    return this.#view.getUint8(this.skip(1));
  }

  u16(): number {
    return this.#view.getUint16(this.skip(2), true);
  }

  u32(): number {
    return this.#view.getUint32(this.skip(4), true);
  }

  f64(): number {
    return this.#view.getFloat64(this.skip(8), true);
  }

  /** A whole number, as times are. @throws DbError MESSAGE_INVALID where it is none */
  wholeF64(): number {
    const value = this.f64();
    if (!Number.isInteger(value)) throw new DbError('MESSAGE_INVALID', `${value} instead of a whole number before byte ${this.#offset}`);
    return value;
  }

  /** So many of them. @throws DbError MESSAGE_INVALID */
  wholeF64s(count: number): number[] {
    const values = this.f64s(count);
    const wrong = values.find((value) => !Number.isInteger(value));
    if (wrong !== undefined) throw new DbError('MESSAGE_INVALID', `${wrong} among ${count} whole numbers before byte ${this.#offset}`);
    return values;
  }

  /** So many numbers, one after the other. */
  f64s(count: number): number[] {
    const offset = this.skip(8 * count);
    const values: number[] = [];
    for (let index = 0; index < count; index += 1) values.push(this.#view.getFloat64(offset + 8 * index, true));
    return values;
  }

  /** So many whole numbers of so many bytes each. */
  wholes(sizeBytes: WholeSizeBytes, count: number): number[] {
    const offset = this.skip(sizeBytes * count);
    const values: number[] = [];
    for (let index = 0; index < count; index += 1) values.push(this.wholeAt(sizeBytes, offset + sizeBytes * index));
    return values;
  }

  /** The one that begins there, among bytes that were skipped. */
  f64At(offset: number): number {
    return this.#view.getFloat64(offset, true);
  }

  /** The same of a whole number that takes so many bytes. */
  wholeAt(sizeBytes: WholeSizeBytes, offset: number): number {
    if (sizeBytes === 1) return this.#view.getInt8(offset);
    return sizeBytes === 2 ? this.#view.getInt16(offset, true) : this.#view.getInt32(offset, true);
  }

  i64(): bigint {
    return this.#view.getBigInt64(this.skip(8), true);
  }

  /** @throws DbError MESSAGE_INVALID when it runs past 2^53-1 or the end. */
  varint(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      if (!Number.isSafeInteger(value)) throw new DbError('MESSAGE_INVALID', `varint beyond 2^53 at byte ${this.#offset}`);
      if (byte < 0x80) return value;
      scale *= 0x80;
    }
  }

  /** A view, not a copy: it lives as long as the reader's bytes. */
  raw(sizeBytes: number): Uint8Array {
    const offset = this.skip(sizeBytes);
    return this.bytes.subarray(offset, offset + sizeBytes);
  }

  block(): Uint8Array {
    return this.raw(this.varint());
  }

  text(): string {
    const length = this.varint();
    const offset = this.skip(length);
    const short = length < SHORT_TEXT_LENGTH_END ? asciiText(this.bytes, offset, length) : undefined;
    return short ?? textDecoder.decode(this.bytes.subarray(offset, offset + length));
  }

  alignTo(alignment: number): void {
    this.skip((alignment - (this.#offset % alignment)) % alignment);
  }

  /** Where so many bytes begin, which are skipped. @throws DbError MESSAGE_INVALID when fewer are left */
  skip(sizeBytes: number): number {
    const offset = this.#offset;
    if (sizeBytes > this.bytes.length - offset) {
      throw new DbError('MESSAGE_INVALID', `${sizeBytes} bytes wanted at ${offset}, ${this.bytes.length - offset} are left`);
    }
    this.#offset = offset + sizeBytes;
    return offset;
  }
}

/** A text whose characters are ASCII; undefined: some are not. The decoder takes longer to begin than a short text is worth. */
function asciiText(bytes: Uint8Array, start: number, length: number): string | undefined {
  const codes: number[] = [];
  for (let index = start; index < start + length; index += 1) {
    if (bytes[index]! >= 0x80) return undefined;
    codes.push(bytes[index]!);
  }
  return String.fromCharCode(...codes);
}
