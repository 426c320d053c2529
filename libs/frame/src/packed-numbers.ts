import { assert, Scratch, type ByteReader, type ByteWriter } from '@varve/base';
import { invalidFrame } from './layout.ts';

/*
 * Numbers of one width, so that any of them can be read without the others:
 *
 *   width u8 = 0, 1, 2 or 4 · minimum f64 · count × width bytes       value = minimum + packed
 *   width u8 = 8 · count × f64                                        as they are
 */

/** Where packed numbers lie in a frame. */
export interface PackedNumbers {
  readonly width: 0 | 1 | 2 | 4 | 8;
  readonly min: number;
  /** Offset of the first number in the frame. */
  readonly at: number;
}

assert(
  new Uint8Array(Uint32Array.of(1).buffer)[0] === 1,
  'arrays are written as they lie in memory: little-endian machines only',
);

const scratch = new Scratch();

/** Writes whole numbers within ±(2^53 − 1) with as many bytes each as their range needs. −0 becomes 0. */
export function writeNumbers(writer: ByteWriter, values: Float64Array | Uint32Array): void {
  const { min, width } = rangeOf(values);
  if (width === 8) {
    writeRaw(
      writer,
      Float64Array.from(values, (value) => value + 0),
    );
    return;
  }
  writer.u8(width).f64(min + 0);
  if (width === 0) return;
  const { buffer } = scratch.take(values.length);
  const packed =
    width === 1
      ? new Uint8Array(buffer, 0, values.length)
      : width === 2
        ? new Uint16Array(buffer, 0, values.length)
        : new Uint32Array(buffer, 0, values.length);
  for (let index = 0; index < packed.length; index += 1) packed[index] = values[index]! - min;
  writer.raw(bytesOf(packed));
}

/** Bytes per number that {@link writeNumbers} would take. */
export function widthOf(values: Float64Array | Uint32Array): PackedNumbers['width'] {
  return rangeOf(values).width;
}

/** Writes floats bit by bit. */
export function writeRaw(writer: ByteWriter, values: Float64Array): void {
  writer.u8(8).raw(bytesOf(values));
}

/** The bytes of an array as they lie in memory. */
export function bytesOf(values: Uint8Array | Uint16Array | Uint32Array | Float64Array | BigInt64Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

/** Steps over packed numbers. @throws DbError FRAME_INVALID, MESSAGE_INVALID */
export function skipNumbers(reader: ByteReader, count: number): PackedNumbers {
  const width = reader.u8();
  if (width !== 0 && width !== 1 && width !== 2 && width !== 4 && width !== 8)
    throw invalidFrame(`numbers of ${width} bytes`);
  const min = width === 8 ? 0 : reader.f64();
  if (!Number.isSafeInteger(min)) throw invalidFrame(`the minimum ${min} is no integer`);
  const at = reader.offset;
  reader.raw(count * width);
  return { width, min, at };
}

/** Steps over numbers that count something: never negative, never as wide as eight bytes. @throws as `skipNumbers` */
export function skipCounts(reader: ByteReader, count: number): PackedNumbers {
  const numbers = skipNumbers(reader, count);
  if (numbers.width === 8 || numbers.min < 0) throw invalidFrame('a count that is none');
  return numbers;
}

/** Unpacks the numbers [first, first + count), which are in some unit, into an array, from `to` on. */
export function readNumbers(view: DataView, { width, min, at }: PackedNumbers, first: number, into: Float64Array, to = 0, count = into.length, unit = 1): Float64Array {
  let from = at + first * width;
  const end = to + count;
  switch (width) {
    case 0:
      into.fill(min * unit, to, end);
      break;
    case 1:
      for (let row = to; row < end; row += 1, from += 1) into[row] = (view.getUint8(from) + min) * unit;
      break;
    case 2:
      for (let row = to; row < end; row += 1, from += 2) into[row] = (view.getUint16(from, true) + min) * unit;
      break;
    case 4:
      for (let row = to; row < end; row += 1, from += 4) into[row] = (view.getUint32(from, true) + min) * unit;
      break;
    default:
      for (let row = to; row < end; row += 1, from += 8) into[row] = view.getFloat64(from, true) * unit;
  }
  return into;
}

/** Unpacks one number. */
export function numberAt(view: DataView, { width, min, at }: PackedNumbers, index: number): number {
  switch (width) {
    case 0:
      return min;
    case 1:
      return view.getUint8(at + index) + min;
    case 2:
      return view.getUint16(at + index * 2, true) + min;
    case 4:
      return view.getUint32(at + index * 4, true) + min;
    default:
      return view.getFloat64(at + index * 8, true);
  }
}

function rangeOf(values: Float64Array | Uint32Array): { readonly min: number; readonly width: PackedNumbers['width'] } {
  let min = values[0] ?? 0;
  let max = min;
  for (let index = 1; index < values.length; index += 1) {
    const value = values[index]!;
    if (value < min) min = value;
    else if (value > max) max = value;
  }
  const range = max - min;
  if (range === 0) return { min, width: 0 };
  if (range <= 0xff) return { min, width: 1 };
  if (range <= 0xffff) return { min, width: 2 };
  return { min, width: range <= 0xffff_ffff ? 4 : 8 };
}
