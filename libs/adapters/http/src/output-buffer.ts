const SIZE_BYTES_FIRST = 1024;
/** Up to here a loop is faster than a call into Node. */
const LOOP_LENGTH_MAX = 24;

const MINUS = 0x2d;
const ZERO = 0x30;
const INT32_MIN = -(2 ** 31);

/** Bytes of an answer in the making: grows as needed, is emptied and used again. */
export class OutputBuffer {
  #bytes = Buffer.allocUnsafeSlow(SIZE_BYTES_FIRST);
  #length = 0;
  /** What it can hold before it grows. */
  #capacity = SIZE_BYTES_FIRST;

  get length(): number {
    return this.#length;
  }

  get capacity(): number {
    return this.#capacity;
  }

  clear(): void {
    this.#length = 0;
  }

  /** A view of what was written, valid until the next call. */
  view(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  /** A copy of what was written; the buffer is empty after it. */
  take(): Buffer {
    const taken = Buffer.from(this.view());
    this.clear();
    return taken;
  }

  /**
   * As `take`, a character per byte. Node sends a short text together with the headers in front of it, and bytes of a
   * buffer in a second piece.
   */
  takeLatin1(): string {
    const taken = this.#bytes.toString('latin1', 0, this.#length);
    this.clear();
    return taken;
  }

  byte(byte: number): void {
    this.reserve(1);
    this.#bytes[this.#length] = byte;
    this.#length += 1;
  }

  /** Big-endian, as all numbers below that do not say otherwise. */
  uint16(value: number): void {
    this.reserve(2);
    this.#length = this.#bytes.writeUInt16BE(value, this.#length);
  }

  uint32(value: number): void {
    this.reserve(4);
    this.#length = this.#bytes.writeUInt32BE(value, this.#length);
  }

  int64(value: bigint): void {
    this.reserve(8);
    this.#length = this.#bytes.writeBigInt64BE(value, this.#length);
  }

  float64(value: number): void {
    this.reserve(8);
    this.#length = this.#bytes.writeDoubleBE(value, this.#length);
  }

  float64LE(value: number): void {
    this.reserve(8);
    this.#length = this.#bytes.writeDoubleLE(value, this.#length);
  }

  bytes(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** Text of characters below 0x80 only. */
  ascii(text: string): void {
    this.reserve(text.length);
    if (text.length <= LOOP_LENGTH_MAX) {
      for (let index = 0; index < text.length; index += 1) this.#bytes[this.#length + index] = text.charCodeAt(index);
    } else {
      this.#bytes.write(text, this.#length, 'latin1');
    }
    this.#length += text.length;
  }

  /** Any text; lone surrogates become U+FFFD. */
  utf8(text: string): void {
    this.reserve(text.length * 3);
    this.#length += this.#bytes.write(text, this.#length, 'utf8');
  }

  /**
   * Text that may be written as it is when every character is below 0x80 and not in the table; else writes nothing and
   * returns false.
   */
  plain(text: string, isSpecial: Uint8Array): boolean {
    this.reserve(text.length);
    const start = this.#length;
    for (let index = 0; index < text.length; index += 1) {
      const code = text.charCodeAt(index);
      if (code >= 0x80 || isSpecial[code] === 1) return false;
      this.#bytes[start + index] = code;
    }
    this.#length = start + text.length;
    return true;
  }

  /** A finite number as Go's JSON writes it. JavaScript differs in one value only: minus zero. */
  number(value: number): void {
    const integer = value | 0;
    if (integer !== value || integer === INT32_MIN) this.ascii(String(value));
    else if (integer === 0) this.ascii(Object.is(value, -0) ? '-0' : '0');
    else {
      if (integer < 0) this.byte(MINUS);
      const size = Math.abs(integer);
      this.digits(size, digitCountOf(size));
    }
  }

  /** A whole number in 0..2^31-1 as exactly this many digits. */
  digits(value: number, count: number): void {
    putDigits(this.reserve(count), this.#length, value, count);
    this.#length += count;
  }

  /** Room for so many bytes from `length` on, which count when `advance` says so. Valid until the next call of anything else. */
  reserve(sizeBytes: number): Buffer {
    if (this.#length + sizeBytes > this.#capacity) this.#grow(this.#length + sizeBytes);
    return this.#bytes;
  }

  advance(sizeBytes: number): void {
    this.#length += sizeBytes;
  }

  #grow(neededBytes: number): void {
    const grown = Buffer.allocUnsafeSlow(Math.max(neededBytes, this.#bytes.length * 2));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
    this.#capacity = grown.length;
  }
}

function digitCountOf(value: number): number {
  if (value < 100) return value < 10 ? 1 : 2;
  let count = 3;
  for (let power = 1_000; power <= value; power *= 10) count += 1;
  return count;
}

/** A whole number in 0..2^31-1 as exactly this many digits, from `at` on. */
export function putDigits(bytes: Uint8Array, at: number, value: number, count: number): void {
  let rest = value | 0;
  for (let index = at + count - 1; index >= at; index -= 1) {
    const tenth = (rest / 10) | 0;
    bytes[index] = ZERO + rest - tenth * 10;
    rest = tenth;
  }
}
