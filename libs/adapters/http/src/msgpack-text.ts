import type { OutputBuffer } from './output-buffer.ts';

// MessagePack as the writer of InfluxDB (tinylib/msgp) chooses its forms: the shortest signed one for integers, float64
// for floats. https://github.com/msgpack/msgpack/blob/master/spec.md has the bytes.

/** Of a time: 8 bytes of seconds, 4 of nanoseconds. */
const TIME_EXTENSION = 5;
const INT32_MAX = 2 ** 31 - 1;

export const NIL = 0xc0;
export const FALSE = 0xc2;
export const TRUE = 0xc3;

export function writeMapHeader(out: OutputBuffer, count: number): void {
  writeHeader(out, count, { fixed: 0x80, fixedMax: 15, wide: 0xde });
}

export function writeArrayHeader(out: OutputBuffer, count: number): void {
  writeHeader(out, count, { fixed: 0x90, fixedMax: 15, wide: 0xdc });
}

/** UTF-8; lone surrogates become U+FFFD. */
export function writeText(out: OutputBuffer, text: string): void {
  const sizeBytes = Buffer.byteLength(text);
  if (sizeBytes <= 31) out.byte(0xa0 | sizeBytes);
  else if (sizeBytes <= 0xff) {
    out.byte(0xd9);
    out.byte(sizeBytes);
  } else writeWide(out, sizeBytes, 0xda);
  out.utf8(text);
}

/** A whole number within int64. */
export function writeInteger(out: OutputBuffer, integer: number | bigint): void {
  const value = Number(integer); // Exact where it is looked at: within 32 bits.
  if (value > INT32_MAX || value < -INT32_MAX - 1) {
    out.byte(0xd3);
    out.int64(BigInt(integer));
  } else if (value >= -32 && value <= 0x7f) out.byte(value & 0xff);
  else if (value >= -0x80 && value < 0) {
    out.byte(0xd0);
    out.byte(value & 0xff);
  } else if (value >= -0x8000 && value <= 0x7fff) {
    out.byte(0xd1);
    out.uint16(value & 0xffff);
  } else {
    out.byte(0xd2);
    out.uint32(value >>> 0);
  }
}

export function writeFloat(out: OutputBuffer, value: number): void {
  out.byte(0xcb);
  out.float64(value);
}

/** A time since 1970: whole milliseconds, rounded down, and nanoseconds, 0..999_999. */
export function writeTime(out: OutputBuffer, ms: number, subNs: number): void {
  const seconds = Math.floor(ms / 1_000);
  out.byte(0xc7);
  out.byte(12);
  out.byte(TIME_EXTENSION);
  out.uint32(Math.floor(seconds / 2 ** 32) >>> 0);
  out.uint32(seconds >>> 0);
  out.uint32((ms - seconds * 1_000) * 1_000_000 + subNs);
}

interface HeaderForm {
  readonly fixed: number;
  readonly fixedMax: number;
  /** With a count of 16 bits; the next one has 32. */
  readonly wide: number;
}

function writeHeader(out: OutputBuffer, count: number, { fixed, fixedMax, wide }: HeaderForm): void {
  if (count <= fixedMax) out.byte(fixed | count);
  else writeWide(out, count, wide);
}

function writeWide(out: OutputBuffer, count: number, form: number): void {
  if (count <= 0xffff) {
    out.byte(form);
    out.uint16(count);
  } else {
    out.byte(form + 1);
    out.uint32(count);
  }
}
