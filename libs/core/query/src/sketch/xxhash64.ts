/**
 * xxHash64 with seed 0. Source: https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md. 64-bit words are two uint32,
 * because bigint arithmetic is twenty times slower.
 */
export class XxHash64 {
  readonly #hash = new Word64();
  readonly #lane = new Word64();

  /** The upper and the lower half of the hash, good until the next one. */
  hash(bytes: DataView): { readonly high: number; readonly low: number } {
    const { byteLength } = bytes;
    const hash = this.#hash;
    let offset = 0;
    if (byteLength >= 32) offset = this.#addStripes(bytes);
    else hash.set(PRIME_5.high, PRIME_5.low);
    hash.add(0, byteLength);
    for (; offset + 8 <= byteLength; offset += 8) {
      const lane = this.#lane.set(bytes.getUint32(offset + 4, true), bytes.getUint32(offset, true)).multiply(PRIME_2).rotate(31).multiply(PRIME_1);
      hash.xor(lane.high, lane.low).rotate(27).multiply(PRIME_1).add(PRIME_4.high, PRIME_4.low);
    }
    if (offset + 4 <= byteLength) {
      const lane = this.#lane.set(0, bytes.getUint32(offset, true)).multiply(PRIME_1);
      hash.xor(lane.high, lane.low).rotate(23).multiply(PRIME_2).add(PRIME_3.high, PRIME_3.low);
      offset += 4;
    }
    for (; offset < byteLength; offset += 1) {
      const lane = this.#lane.set(0, bytes.getUint8(offset)).multiply(PRIME_5);
      hash.xor(lane.high, lane.low).rotate(11).multiply(PRIME_1);
    }
    return avalanche(hash);
  }

  /** Whole stripes of 32 bytes in four lanes; where they end. */
  #addStripes(bytes: DataView): number {
    const lanes = FIRST_LANES.map(({ high, low }) => new Word64().set(high, low));
    const end = bytes.byteLength - (bytes.byteLength % 32);
    const word = new Word64();
    for (let offset = 0; offset < end; offset += 8) {
      word.set(bytes.getUint32(offset + 4, true), bytes.getUint32(offset, true)).multiply(PRIME_2);
      lanes[(offset >> 3) & 3]!.add(word.high, word.low).rotate(31).multiply(PRIME_1);
    }
    const hash = this.#hash.set(0, 0);
    for (const [index, lane] of lanes.entries()) {
      word.set(lane.high, lane.low).rotate([1, 7, 12, 18][index]!);
      hash.add(word.high, word.low);
    }
    for (const lane of lanes) {
      word.set(lane.high, lane.low).multiply(PRIME_2).rotate(31).multiply(PRIME_1);
      hash.xor(word.high, word.low).multiply(PRIME_1).add(PRIME_4.high, PRIME_4.low);
    }
    return end;
  }
}

/** A 64-bit word that is changed in place; both halves are uint32. */
class Word64 {
  high = 0;
  low = 0;

  set(high: number, low: number): this {
    this.high = high;
    this.low = low;
    return this;
  }

  add(high: number, low: number): this {
    const sum = this.low + low;
    this.low = sum >>> 0;
    this.high = (this.high + high + (sum > 0xffff_ffff ? 1 : 0)) >>> 0;
    return this;
  }

  xor(high: number, low: number): this {
    this.high = (this.high ^ high) >>> 0;
    this.low = (this.low ^ low) >>> 0;
    return this;
  }

  multiply({ high, low }: Halves): this {
    const upper = upperHalf(this.low, low) + Math.imul(this.low, high) + Math.imul(this.high, low);
    this.low = Math.imul(this.low, low) >>> 0;
    this.high = upper >>> 0;
    return this;
  }

  /** To the left, by 1 to 31 bits. */
  rotate(bitCount: number): this {
    const { high, low } = this;
    this.high = ((high << bitCount) | (low >>> (32 - bitCount))) >>> 0;
    this.low = ((low << bitCount) | (high >>> (32 - bitCount))) >>> 0;
    return this;
  }
}

interface Halves {
  readonly high: number;
  readonly low: number;
}

/** Every bit of the hash goes into every other one. */
function avalanche(hash: Word64): Word64 {
  hash.xor(0, hash.high >>> 1).multiply(PRIME_2);
  hash.xor(hash.high >>> 29, ((hash.high << 3) | (hash.low >>> 29)) >>> 0).multiply(PRIME_3);
  return hash.xor(0, hash.high);
}

/** The upper 32 bits of a product of two uint32; every sum stays below 2^32. */
function upperHalf(left: number, right: number): number {
  const [leftLow, leftHigh] = [left & 0xffff, left >>> 16];
  const [rightLow, rightHigh] = [right & 0xffff, right >>> 16];
  const middle = leftHigh * rightLow + ((leftLow * rightLow) >>> 16);
  const other = leftLow * rightHigh + (middle & 0xffff);
  return leftHigh * rightHigh + (middle >>> 16) + (other >>> 16);
}

const PRIME_1: Halves = { high: 0x9e3779b1, low: 0x85ebca87 };
const PRIME_2: Halves = { high: 0xc2b2ae3d, low: 0x27d4eb4f };
const PRIME_3: Halves = { high: 0x165667b1, low: 0x9e3779f9 };
const PRIME_4: Halves = { high: 0x85ebca77, low: 0xc2b2ae63 };
const PRIME_5: Halves = { high: 0x27d4eb2f, low: 0x165667c5 };

/** PRIME_1 + PRIME_2, PRIME_2, 0, −PRIME_1. */
const FIRST_LANES: readonly Halves[] = [{ high: 0x60ea27ee, low: 0xadc0b5d6 }, PRIME_2, { high: 0, low: 0 }, { high: 0x61c8864e, low: 0x7a143579 }];
