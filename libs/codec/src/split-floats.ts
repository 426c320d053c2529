import { packedSizeBytes, packWords, unpack } from './bit-packing.ts';
import { readIntegers, writeIntegers } from './integers.ts';
import { invalid } from './invalid.ts';
import type { PageReader } from './page-reader.ts';
import type { PageWriter } from './page-writer.ts';

/*
 * Floats that are no decimals, split into a high part, in which neighbours are alike, and low bits, which are noise:
 *
 *    sign · exponent · mantissa, high 20 bits │ low word, 32 bits, the last of them perhaps 0 in all values
 *
 *    high words   lowWidth u8 · integers (high word; −1 − the rest of it where the sign is set) · count × lowWidth bits
 *                 for walks: neighbours' differences are small
 *
 *    exponents    lowWidth u8 · distinct varint · each: sign and exponent varint · integers (place per value, the most
 *                 frequent one is 0) · count × 20 bits · count × lowWidth bits
 *                 for what is spread over some powers of two
 *
 * Source of the second: ALP-rd, Afroozeh et al., SIGMOD 2023; exponents that are rare widen their block instead of being
 * exceptions.
 */

const MIDDLE_WIDTH = 20;
const MIDDLE_MASK = 2 ** MIDDLE_WIDTH - 1;
const EXPONENT_COUNT = 2 ** 12;
/** Values unpacked at once, a multiple of 32. */
const PIECE_SIZE = 1_024;

/** By sign and exponent: how many there are, then its place. Only those that are there are defined. */
const places = new Uint32Array(EXPONENT_COUNT);
const lowNumbers = new Float64Array(PIECE_SIZE);
const middleNumbers = new Float64Array(PIECE_SIZE);

/** Writes the values with their high words as integers. */
export function writeHighWords(writer: PageWriter, values: Float64Array): void {
  const words = wordsOf(values, values.length);
  const lowWidth = lowWidthOf(words);
  const highs = new Float64Array(values.length);
  for (let index = 0; index < highs.length; index += 1) {
    const word = words[2 * index + 1]! | 0;
    highs[index] = word < 0 ? -1 - (word & 0x7fffffff) : word;
  }
  writeIntegers(writer.u8(lowWidth), highs);
  writeLow(writer, words, lowWidth);
}

/** The inverse of {@link writeHighWords}. @throws DbError CHUNK_INVALID */
export function readHighWords(reader: PageReader, count: number, into: Float64Array): void {
  const lowWidth = readLowWidth(reader);
  readIntegers(reader, count, into);
  const lowAt = reader.skip(packedSizeBytes(count, lowWidth));
  const words = wordsOf(into, count);
  for (let start = 0; start < count; start += PIECE_SIZE) {
    const end = Math.min(start + PIECE_SIZE, count);
    unpackPiece(reader, { at: lowAt, width: lowWidth, start, end }, lowNumbers);
    for (let index = start; index < end; index += 1) {
      const high = into[index]!;
      words[2 * index] = lowNumbers[index - start]! << (32 - lowWidth);
      words[2 * index + 1] = high < 0 ? (-1 - high) | 0x80000000 : high;
    }
  }
}

/** Writes the values with their signs and exponents as places in a list. */
export function writeExponents(writer: PageWriter, values: Float64Array): void {
  const words = wordsOf(values, values.length);
  const lowWidth = lowWidthOf(words);
  const distinct = exponentsOf(words);
  writer.u8(lowWidth).varint(distinct.length);
  for (const [place, exponent] of distinct.entries()) {
    places[exponent] = place;
    writer.varint(exponent);
  }
  const codes = new Float64Array(values.length);
  const middles = new Uint32Array(values.length);
  for (let index = 0; index < codes.length; index += 1) {
    const high = words[2 * index + 1]!;
    codes[index] = places[high >>> MIDDLE_WIDTH]!;
    middles[index] = high & MIDDLE_MASK;
  }
  writeIntegers(writer, codes);
  writeWidth(writer, middles, MIDDLE_WIDTH);
  writeLow(writer, words, lowWidth);
}

/** The inverse of {@link writeExponents}. @throws DbError CHUNK_INVALID */
export function readExponents(reader: PageReader, count: number, into: Float64Array): void {
  const lowWidth = readLowWidth(reader);
  const distinctCount = reader.varint();
  if (distinctCount > EXPONENT_COUNT) throw invalid(`${distinctCount} exponents`);
  const distinct = Uint32Array.from({ length: distinctCount }, () => reader.varint() * 2 ** MIDDLE_WIDTH);
  readIntegers(reader, count, into);
  const middleAt = reader.skip(packedSizeBytes(count, MIDDLE_WIDTH));
  const lowAt = reader.skip(packedSizeBytes(count, lowWidth));
  const words = wordsOf(into, count);
  for (let start = 0; start < count; start += PIECE_SIZE) {
    const end = Math.min(start + PIECE_SIZE, count);
    unpackPiece(reader, { at: middleAt, width: MIDDLE_WIDTH, start, end }, middleNumbers);
    unpackPiece(reader, { at: lowAt, width: lowWidth, start, end }, lowNumbers);
    for (let index = start; index < end; index += 1) {
      const code = into[index]!;
      if (!(code >= 0 && code < distinctCount)) throw invalid(`code ${code} of ${distinctCount} exponents`);
      words[2 * index] = lowNumbers[index - start]! << (32 - lowWidth);
      words[2 * index + 1] = distinct[code]! | middleNumbers[index - start]!;
    }
  }
}

/** Signs and exponents, the most frequent first. */
function exponentsOf(words: Uint32Array): readonly number[] {
  const distinct: number[] = [];
  const counts = places;
  for (let index = 1; index < words.length; index += 2) counts[words[index]! >>> MIDDLE_WIDTH] = 0;
  for (let index = 1; index < words.length; index += 2) {
    const exponent = words[index]! >>> MIDDLE_WIDTH;
    if (counts[exponent] === 0) distinct.push(exponent);
    counts[exponent]! += 1;
  }
  return distinct.sort((left, right) => counts[right]! - counts[left]! || left - right);
}

/** Low word, high word, low word … over the values themselves. */
function wordsOf(values: Float64Array, count: number): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, count * 2);
}

/** Bits of the low words that are not 0 in all of them. */
function lowWidthOf(words: Uint32Array): number {
  let used = 0;
  for (let index = 0; index < words.length; index += 2) used |= words[index]!;
  return used === 0 ? 0 : 1 + Math.clz32(used & -used);
}

function readLowWidth(reader: PageReader): number {
  const lowWidth = reader.u8();
  if (lowWidth > 32) throw invalid(`${lowWidth} bits of a low word`);
  return lowWidth;
}

function writeLow(writer: PageWriter, words: Uint32Array, lowWidth: number): void {
  if (lowWidth === 0) return;
  const numbers = new Uint32Array(words.length / 2);
  for (let index = 0; index < numbers.length; index += 1) numbers[index] = words[2 * index]! >>> (32 - lowWidth);
  writeWidth(writer, numbers, lowWidth);
}

function writeWidth(writer: PageWriter, numbers: Uint32Array, width: number): void {
  const packed = new Uint32Array(Math.ceil((numbers.length * width) / 32));
  packWords(numbers, numbers.length, width, packed);
  writer.words(packed, packedSizeBytes(numbers.length, width));
}

/** Half-open range of values whose bits of one width begin at a byte. */
interface Piece {
  readonly at: number;
  readonly width: number;
  readonly start: number;
  readonly end: number;
}

function unpackPiece({ view }: PageReader, { at, width, start, end }: Piece, into: Float64Array): void {
  const packed = { view, at: at + (start / 8) * width, count: end - start, width };
  unpack(packed, { base: 0, isSum: false, from: 0 }, into, 0, PIECE_SIZE);
}
