import { ByteReader, ByteWriter, DbError } from '@varve/base';

/** 2^14 registers: a standard error of 0.8 %, in 16 KiB. */
const INDEX_BITS = 14;
const REGISTER_COUNT = 2 ** INDEX_BITS;
/** So many texts are counted exactly, but for two with one hash; then registers take less room. */
const HASH_COUNT_MAX = 1_024;

const EXACT = 1;
const REGISTERS = 2;

/**
 * How many different texts there are, about, in bounded memory: a HyperLogLog, and the hashes themselves while they are few.
 * Sketches over the parts of a set merge to the sketch of the set, however often a text is in the parts.
 *
 *     bytes   u8 1 · hashes (u64 each)   or   u8 2 · a register each (u8)
 *
 * Flajolet et al., "HyperLogLog: the analysis of a near-optimal cardinality estimation algorithm", 2007.
 */
export class SeriesSketch {
  #hashes: Set<bigint> | undefined = new Set();
  #registers: Uint8Array | undefined;

  add(text: string): void {
    this.#addHash(hashOf(text));
  }

  merge(other: SeriesSketch): void {
    for (const hash of other.#hashes ?? []) this.#addHash(hash);
    if (other.#registers === undefined) return;
    const registers = this.#dense();
    for (const [index, rank] of other.#registers.entries()) if (rank > registers[index]!) registers[index] = rank;
  }

  /** A whole number. */
  estimate(): number {
    return this.#hashes?.size ?? Math.round(estimateOf(this.#registers!));
  }

  toBytes(): Uint8Array {
    if (this.#registers !== undefined) return new ByteWriter(REGISTER_COUNT + 1).u8(REGISTERS).raw(this.#registers).finish();
    const writer = new ByteWriter(1 + 8 * this.#hashes!.size).u8(EXACT);
    for (const hash of this.#hashes!) writer.u32(Number(hash >> 32n)).u32(Number(hash & 0xffff_ffffn));
    return writer.finish();
  }

  /** The inverse of {@link toBytes}. @throws DbError MESSAGE_INVALID */
  static fromBytes(bytes: Uint8Array): SeriesSketch {
    const reader = new ByteReader(bytes);
    const [sketch, kind] = [new SeriesSketch(), reader.u8()];
    if (kind === EXACT) {
      while (reader.remaining > 0) sketch.#addHash((BigInt(reader.u32()) << 32n) | BigInt(reader.u32()));
    } else if (kind === REGISTERS && reader.remaining === REGISTER_COUNT) {
      sketch.#dense().set(reader.raw(REGISTER_COUNT));
    } else throw new DbError('MESSAGE_INVALID', `a sketch of kind ${kind} with ${reader.remaining} bytes`);
    return sketch;
  }

  #addHash(hash: bigint): void {
    if (this.#hashes === undefined) return raise(this.#registers!, hash);
    this.#hashes.add(hash);
    if (this.#hashes.size > HASH_COUNT_MAX) this.#dense();
  }

  #dense(): Uint8Array {
    const registers = (this.#registers ??= new Uint8Array(REGISTER_COUNT));
    for (const hash of this.#hashes ?? []) raise(registers, hash);
    this.#hashes = undefined;
    return registers;
  }
}

/** A register keeps the longest run of leading zeros, and one, that a hash of its index had. */
function raise(registers: Uint8Array, hash: bigint): void {
  const high = Number(hash >> 32n);
  const rest = (high << INDEX_BITS) >>> 0;
  const low = Number(hash & 0xffff_ffffn);
  const rank = rest === 0 ? 32 - INDEX_BITS + Math.clz32(low) + 1 : Math.clz32(rest) + 1;
  const index = high >>> (32 - INDEX_BITS);
  if (rank > registers[index]!) registers[index] = rank;
}

function estimateOf(registers: Uint8Array): number {
  let [sum, emptyCount] = [0, 0];
  for (const rank of registers) {
    sum += 2 ** -rank;
    if (rank === 0) emptyCount += 1;
  }
  const alpha = 0.7213 / (1 + 1.079 / REGISTER_COUNT);
  const raw = (alpha * REGISTER_COUNT ** 2) / sum;
  return raw <= 2.5 * REGISTER_COUNT && emptyCount > 0 ? REGISTER_COUNT * Math.log(REGISTER_COUNT / emptyCount) : raw;
}

/** 64 bits of two multiplicative hashes of 32, each stirred at the end as MurmurHash3 does. */
function hashOf(text: string): bigint {
  let [high, low] = [0x9e37_79b9, 0x85eb_ca6b];
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    high = Math.imul(high ^ unit, 0x0100_0193);
    low = Math.imul(low ^ unit, 0x5bd1_e995) ^ (low >>> 13);
  }
  const [first, second] = [stirred(high ^ text.length), stirred(low ^ high)];
  return (BigInt(first) << 32n) | BigInt(second);
}

function stirred(value: number): number {
  let hash = Math.imul(value ^ (value >>> 16), 0x85eb_ca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
