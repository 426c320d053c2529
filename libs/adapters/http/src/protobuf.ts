import { DbError } from '@varve/base';
import { OutputBuffer } from './output-buffer.ts';

// What the messages of Prometheus need of protobuf: https://protobuf.dev/programming-guides/encoding.

const VARINT = 0;
const FIXED_64 = 1;
const BYTES = 2;
const FIXED_32 = 5;
const VARINT_SIZE_BYTES_MAX = 10;
/** Of a message with single values: Prometheus' have three at most. */
const FIELD_COUNT_MAX = 16;

/** Called with each field of a message; it reads the value, or the reader passes over it. */
export type OnField = (field: number, reader: ProtobufReader) => void;

/** Reads one message, field by field, from bytes of somebody else. */
export class ProtobufReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;
  #wireType = VARINT;
  #isRead = true;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** The number of the next field, undefined at the end. @throws DbError REQUEST_INVALID for bytes that are no message */
  next(): number | undefined {
    if (!this.#isRead) this.#skip();
    if (this.#at === this.#bytes.length) return undefined;
    const key = Number(this.#varint());
    if (key < 8) throw invalid(`proto: illegal tag ${key}`);
    this.#wireType = key & 7;
    this.#isRead = false;
    return Math.floor(key / 8);
  }

  /** All fields, repeated and unknown ones included: two bytes make one. @throws DbError REQUEST_INVALID for bytes that are no message, or have more of them */
  fields(onField: OnField, countMax: number): void {
    let count = 0;
    for (let field = this.next(); field !== undefined; field = this.next()) {
      count += 1;
      if (count > countMax) throw invalid(`proto: more than ${countMax} fields in one message`);
      onField(field, this);
    }
  }

  /** A nested message, its fields. */
  message(onField: OnField, countMax = FIELD_COUNT_MAX): void {
    new ProtobufReader(this.#bytesValue()).fields(onField, countMax);
  }

  text(): string {
    return UTF_8.decode(this.#bytesValue());
  }

  double(): number {
    this.#expect(FIXED_64);
    return this.#view.getFloat64(this.#advance(8), true);
  }

  int64(): bigint {
    this.#expect(VARINT);
    return BigInt.asIntN(64, this.#varint());
  }

  #bytesValue(): Uint8Array {
    this.#expect(BYTES);
    const sizeBytes = Number(this.#varint());
    const start = this.#advance(sizeBytes);
    return this.#bytes.subarray(start, start + sizeBytes);
  }

  #skip(): void {
    this.#isRead = true;
    if (this.#wireType === VARINT) this.#varint();
    else if (this.#wireType === FIXED_64) this.#advance(8);
    else if (this.#wireType === FIXED_32) this.#advance(4);
    else if (this.#wireType === BYTES) this.#bytesValue();
    else throw invalid(`proto: illegal wireType ${this.#wireType}`);
  }

  #expect(wireType: number): void {
    if (this.#wireType !== wireType) throw invalid(`proto: wrong wireType = ${this.#wireType}`);
    this.#isRead = true;
  }

  #varint(): bigint {
    let value = 0n;
    for (let index = 0; index < VARINT_SIZE_BYTES_MAX; index += 1) {
      const byte = this.#bytes[this.#at];
      if (byte === undefined) throw invalid('unexpected EOF');
      this.#at += 1;
      if (index === 0 && byte < 0x80) return BigInt(byte);
      value |= BigInt(byte & 0x7f) << BigInt(7 * index);
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw invalid('proto: integer overflow');
  }

  #advance(sizeBytes: number): number {
    const start = this.#at;
    if (sizeBytes > this.#bytes.length - start) throw invalid('unexpected EOF');
    this.#at = start + sizeBytes;
    return start;
  }
}

const UTF_8 = new TextDecoder();

/** Writes one message, field by field, behind what the buffer has. */
export class ProtobufWriter {
  readonly out: OutputBuffer;

  constructor(out = new OutputBuffer()) {
    this.out = out;
  }

  text(field: number, text: string): void {
    this.#head(field, Buffer.byteLength(text));
    this.out.utf8(text);
  }

  message(field: number, bytes: Uint8Array): void {
    this.#head(field, bytes.length);
    this.out.bytes(bytes);
  }

  double(field: number, value: number): void {
    this.out.byte(field * 8 + FIXED_64);
    this.out.float64LE(value);
  }

  int64(field: number, value: bigint): void {
    this.out.byte(field * 8 + VARINT);
    let rest = BigInt.asUintN(64, value);
    for (; rest > 0x7fn; rest >>= 7n) this.out.byte(Number(rest & 0x7fn) | 0x80);
    this.out.byte(Number(rest));
  }

  #head(field: number, sizeBytes: number): void {
    this.out.byte(field * 8 + BYTES);
    let rest = sizeBytes;
    for (; rest > 0x7f; rest = Math.floor(rest / 0x80)) this.out.byte((rest & 0x7f) | 0x80);
    this.out.byte(rest);
  }
}

function invalid(text: string): DbError {
  return new DbError('REQUEST_INVALID', text);
}
