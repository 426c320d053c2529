import { invalid } from './invalid.ts';

const FIRST_SCALE = 0x40;
const MORE = 0x80;
const NEGATIVE = 0x40;
const TAIL_SIZE_BYTES = 256;

/**
 * Reads a column's bytes. Never takes a byte behind their end; `words` may look there, where bits have no meaning.
 *
 * A page of 360 values is decoded in less time than a few typed arrays are made, so there is one view over the whole
 * buffer, kept for the next page of the same buffer, and numbers are unpacked from it in place.
 */
export class PageReader {
  /** Over the whole buffer in which the bytes lie: places are relative to that. */
  readonly view: DataView;
  /** The next byte. */
  at: number;
  /** Behind the last byte. */
  readonly end: number;

  constructor(bytes: Uint8Array) {
    this.view = viewOf(bytes.buffer);
    this.at = bytes.byteOffset;
    this.end = this.at + bytes.length;
  }

  get remaining(): number {
    return this.end - this.at;
  }

  u8(): number {
    return this.view.getUint8(this.skip(1));
  }

  /** The next byte, which is read again. @throws DbError CHUNK_INVALID */
  peek(): number {
    const at = this.skip(1);
    this.at = at;
    return this.view.getUint8(at);
  }

  i64(): bigint {
    return this.view.getBigInt64(this.skip(8), true);
  }

  f64(): number {
    return this.view.getFloat64(this.skip(8), true);
  }

  /** Unsigned LEB128. @throws DbError CHUNK_INVALID when it runs past 2^53 − 1 or the end */
  varint(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      if (value > Number.MAX_SAFE_INTEGER) throw invalid('varint beyond 2^53');
      if (byte < 0x80) return value;
      scale *= 0x80;
    }
  }

  /** What `PageWriter.signed` wrote. The result may be beyond ±2^53 when the bytes are not its output. */
  signed(): number {
    const first = this.u8();
    const magnitude = (first % FIRST_SCALE) + ((first & MORE) === 0 ? 0 : this.varint() * FIRST_SCALE);
    return (first & NEGATIVE) === 0 ? magnitude : 0 - magnitude;
  }

  /** A view, not a copy. */
  raw(sizeBytes: number): Uint8Array {
    return new Uint8Array(this.view.buffer, this.skip(sizeBytes), sizeBytes);
  }

  /** A varint length, then the bytes: a view. */
  block(): Uint8Array {
    return this.raw(this.varint());
  }

  /** Where `sizeBytes` begin, which are skipped. @throws DbError CHUNK_INVALID when fewer are left */
  skip(sizeBytes: number): number {
    const { at } = this;
    if (sizeBytes > this.end - at) throw invalid(`${sizeBytes} bytes wanted, ${this.end - at} are left`);
    this.at = at + sizeBytes;
    return at;
  }
}

let lastView: DataView = new DataView(new ArrayBuffer(0));

function viewOf(buffer: ArrayBufferLike): DataView {
  if (lastView.buffer !== buffer) lastView = new DataView(buffer);
  return lastView;
}

const tailBytes = new Uint8Array(TAIL_SIZE_BYTES);
const tailView = new DataView(tailBytes.buffer);

/** A copy of the `sizeBytes` from `at` on, with any bytes behind it: for who reads whole words at a buffer's end. */
export function copyTail(view: DataView, at: number, sizeBytes: number): DataView {
  for (let index = 0; index < sizeBytes; index += 1) tailBytes[index] = view.getUint8(at + index);
  return tailView;
}
