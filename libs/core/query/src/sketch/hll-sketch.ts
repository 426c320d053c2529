import { assert, ByteReader } from '@varve/base';
import { XxHash64 } from './xxhash64.ts';

/**
 * A sketch of how many different values there were: HyperLogLog++ with LogLog-Beta, in the bytes of InfluxDB 1.11.7 (HL1).
 *
 *     hash      64 bits; the upper p choose a register, which holds the longest run of zeros behind them, plus 1
 *     sparse    while few: the registers of precision 25 that are not 0, as keys. Where the bits between p and 25 are all 0:
 *               25 bits of the hash · 6 bits of the run behind them, plus 1 · 1; else 25 bits of the hash · 0
 *     dense     one byte per register
 *
 * What a sketch is does not depend on the order in which values came: it is sparse as long as the list of its keys takes no
 * more bytes than there are registers. Sources: Heule, Nunkesser, Hall, "HyperLogLog in Practice" (2013); Qin, Kim, Tung,
 * "LogLog-Beta and More" (2016).
 */
export class HllSketch {
  readonly #precision: number;
  #keys: Set<number> | undefined = new Set();
  #registers = NO_REGISTERS;

  constructor(precision = DEFAULT_PRECISION) {
    assert(precision >= PRECISION_MIN && precision <= PRECISION_MAX, `a precision of ${precision}`);
    this.#precision = precision;
  }

  /** About how much memory it takes. */
  get sizeBytes(): number {
    return this.#keys === undefined ? this.#registers.length : this.#keys.size * KEY_SIZE_BYTES;
  }

  add(value: DataView): void {
    const { high, low } = HASHER.hash(value);
    if (this.#keys === undefined) this.#raise(high >>> (32 - this.#precision), runLength(high, low, this.#precision));
    else this.#addKey(this.#keys, keyOf(high, low, this.#precision));
  }

  /** Adds what another one has seen; why it cannot, if it cannot. */
  merge(other: HllSketch): string | undefined {
    if (other.#precision !== this.#precision) return 'precisions must be equal';
    if (other.#keys !== undefined) {
      for (const key of other.#keys) this.#take(key);
      return undefined;
    }
    this.#densify();
    for (const [index, length] of other.#registers.entries()) this.#raise(index, length);
    return undefined;
  }

  /** The estimate. */
  count(): number {
    this.#settle();
    if (this.#keys !== undefined) return Math.trunc(SPARSE_REGISTER_COUNT * Math.log(SPARSE_REGISTER_COUNT / (SPARSE_REGISTER_COUNT - this.#keys.size)));
    const registerCount = this.#registers.length;
    let sum = 0;
    let emptyCount = 0;
    for (const length of this.#registers) {
      sum += 2 ** -length;
      if (length === 0) emptyCount += 1;
    }
    return Math.trunc((alpha(registerCount) * registerCount * (registerCount - emptyCount)) / (beta(emptyCount) + sum) + 0.5);
  }

  /** u8 version = 2 · u8 precision · u8 1 · u32 0 · u32 key count · u32 last key · u32 size · differences of keys; or u8 0 · u32 size · registers. All big-endian. */
  toBytes(): Uint8Array {
    this.#settle();
    if (this.#keys === undefined) {
      const bytes = new Uint8Array(DENSE_HEADER_SIZE_BYTES + this.#registers.length);
      bytes.set([VERSION, this.#precision, 0]);
      new DataView(bytes.buffer).setUint32(3, this.#registers.length);
      bytes.set(this.#registers, DENSE_HEADER_SIZE_BYTES);
      return bytes;
    }
    const keys = sorted(this.#keys);
    const list = encodeKeys(keys);
    const bytes = new Uint8Array(SPARSE_HEADER_SIZE_BYTES + list.length);
    bytes.set([VERSION, this.#precision, 1]);
    const view = new DataView(bytes.buffer);
    view.setUint32(7, keys.length);
    view.setUint32(11, keys.at(-1) ?? 0);
    view.setUint32(15, list.length);
    bytes.set(list, SPARSE_HEADER_SIZE_BYTES);
    return bytes;
  }

  /** The inverse of `toBytes`, or why these bytes are no sketch. Bytes behind it are passed over. */
  static fromBytes(bytes: Uint8Array): HllSketch | string {
    if (bytes.length < 12) return 'provided buffer too short for initializing HLL sketch';
    const precision = bytes[1]!;
    if (precision < PRECISION_MIN || precision > PRECISION_MAX) return `precision must be between ${PRECISION_MIN} and ${PRECISION_MAX}`;
    const sketch = new HllSketch(precision);
    const isWhole = bytes[2] === 1 ? sketch.#readSparse(bytes) : sketch.#readDense(bytes);
    return isWhole ? sketch : 'damaged HLL sketch';
  }

  #readSparse(bytes: Uint8Array): boolean {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const looseCount = view.getUint32(3);
    const listStart = SPARSE_HEADER_SIZE_BYTES + 4 * looseCount;
    if (listStart > bytes.length) return false;
    for (let index = 0; index < looseCount; index += 1) this.#take(view.getUint32(7 + 4 * index));
    const listSizeBytes = view.getUint32(listStart - 4);
    if (listStart + listSizeBytes > bytes.length) return false;
    const reader = new ByteReader(bytes.subarray(listStart, listStart + listSizeBytes));
    for (let key = 0; reader.remaining > 0; ) {
      const difference = readDifference(reader);
      if (difference === undefined) return false;
      key = (key + difference) >>> 0;
      this.#take(key);
    }
    return true;
  }

  #readDense(bytes: Uint8Array): boolean {
    const registerCount = 2 ** this.#precision;
    const size = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(3);
    if (size !== registerCount || bytes.length < DENSE_HEADER_SIZE_BYTES + size) return false;
    this.#keys = undefined;
    this.#registers = bytes.slice(DENSE_HEADER_SIZE_BYTES, DENSE_HEADER_SIZE_BYTES + size);
    return this.#registers.every((length) => length <= 64);
  }

  #take(key: number): void {
    if (this.#keys === undefined) this.#raiseBy(key);
    else this.#addKey(this.#keys, key);
  }

  #addKey(keys: Set<number>, key: number): void {
    keys.add(key);
    // Each takes a byte at least.
    if (keys.size > 2 ** this.#precision) this.#densify();
  }

  #raise(index: number, length: number): void {
    if (length > this.#registers[index]!) this.#registers[index] = length;
  }

  #raiseBy(key: number): void {
    const precision = this.#precision;
    if ((key & 1) === 1) this.#raise(key >>> (32 - precision), ((key >>> 1) & 63) + SPARSE_PRECISION - precision);
    else this.#raise((key >>> (SPARSE_PRECISION - precision + 1)) & (2 ** precision - 1), Math.clz32(key << (32 - SPARSE_PRECISION + precision - 1)) + 1);
  }

  /** To the form that depends on the values alone. */
  #settle(): void {
    const keys = this.#keys;
    if (keys === undefined || keys.size * 4 <= 2 ** this.#precision) return;
    if (encodeKeys(sorted(keys)).length > 2 ** this.#precision) this.#densify();
  }

  #densify(): void {
    const keys = this.#keys;
    if (keys === undefined) return;
    this.#keys = undefined;
    this.#registers = new Uint8Array(2 ** this.#precision);
    for (const key of keys) this.#raiseBy(key);
  }
}

const VERSION = 2;
const DEFAULT_PRECISION = 16;
const PRECISION_MIN = 4;
const PRECISION_MAX = 18;
const SPARSE_PRECISION = 25;
const SPARSE_REGISTER_COUNT = 2 ** SPARSE_PRECISION;
const SPARSE_HEADER_SIZE_BYTES = 19;
const DENSE_HEADER_SIZE_BYTES = 7;
/** What a number in a set takes, roughly. */
const KEY_SIZE_BYTES = 32;
const NO_REGISTERS = new Uint8Array(0);
const HASHER = new XxHash64();

function keyOf(high: number, low: number, precision: number): number {
  const prefix = high >>> 7;
  if ((prefix & (2 ** (SPARSE_PRECISION - precision) - 1)) !== 0) return prefix << 1;
  const run = (high & 0x7f) === 0 ? 7 + Math.clz32(low) : Math.clz32(high & 0x7f) - 25;
  return ((prefix << 7) | ((run + 1) << 1) | 1) >>> 0;
}

/** Zeros behind the first `precision` bits, plus 1. */
function runLength(high: number, low: number, precision: number): number {
  const upper = (high << precision) | (low >>> (32 - precision));
  return (upper === 0 ? 32 + Math.clz32((low << precision) | (1 << (precision - 1))) : Math.clz32(upper)) + 1;
}

function sorted(keys: Iterable<number>): Uint32Array {
  return Uint32Array.from(keys).sort();
}

/** Each key's distance from the one before, 7 bits a byte, the lowest first. A key has at most 5 bytes. */
function encodeKeys(keys: Uint32Array): Uint8Array {
  const bytes = new Uint8Array(keys.length * 5);
  let size = 0;
  let previous = 0;
  for (const key of keys) {
    let rest = key - previous;
    for (; rest > 127; rest >>>= 7) bytes[size++] = (rest & 127) | 128;
    bytes[size++] = rest;
    previous = key;
  }
  return bytes.subarray(0, size);
}

function readDifference(reader: ByteReader): number | undefined {
  let difference = 0;
  for (let shift = 0; shift < 35 && reader.remaining > 0; shift += 7) {
    const byte = reader.u8();
    difference += (byte & 127) * 2 ** shift;
    if (byte < 128) return difference;
  }
  return undefined;
}

function alpha(registerCount: number): number {
  if (registerCount === 16) return 0.673;
  if (registerCount === 32) return 0.697;
  return registerCount === 64 ? 0.709 : 0.7213 / (1 + 1.079 / registerCount);
}

/** The correction for `emptyCount` empty registers, fitted by the authors. */
function beta(emptyCount: number): number {
  const log = Math.log(emptyCount + 1);
  return BETA.reduce((sum, factor, index) => sum + factor * log ** (index + 1), BETA_OF_COUNT * emptyCount);
}

const BETA_OF_COUNT = -0.37331876643753059;
const BETA = [-1.41704077448122989, 0.40729184796612533, 1.56152033906584164, -0.99242233534286128, 0.26064681399483092, -0.03053811369682807, 0.00155770210179105];
