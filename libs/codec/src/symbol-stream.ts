import { CODE_LENGTH_MAX, codeBook, type CodeBook } from './code-books.ts';
import { invalid } from './invalid.ts';

/*
 * Symbols of a code book as one stream of bits. A table of 2^11 entries says for the next 11 bits which symbols they begin
 * with, up to eight at once, and how many bits these take:
 *
 *   bits … 0110100·10·0·11·0 ──▶ entry { symbols 8 × u8, count, bits } ──▶ one store of 8 bytes, on by `count`
 *
 * The next entry overwrites what was stored too much. Source of the idea: the double-symbol tables of zstd's Huffman
 * decoder (Collet), RFC 8878.
 */

/** At most so many symbols are read or written at once. */
export const SYMBOL_COUNT_MAX = 4_096;
const ENTRY_COUNT = 1 << CODE_LENGTH_MAX;
const ENTRY_MASK = ENTRY_COUNT - 1;
/** Symbols per entry. */
const ENTRY_SIZE = 8;

const symbols = new Uint8Array(SYMBOL_COUNT_MAX + 4 * ENTRY_SIZE);
const symbolView = new DataView(symbols.buffer);

/** Where a stream is read. */
export interface BitPlace {
  /** Over the whole buffer. */
  readonly view: DataView;
  /** Byte at which `bit` 0 is. */
  at: number;
  bit: number;
  /** Byte behind the last one of the stream, or of what it is a part of. */
  readonly end: number;
}

interface DecodeTable {
  /** Eight symbols as one float64. None is above 30, so that they never are a NaN. */
  readonly symbols: Float64Array;
  /** Bits of these symbols + 256 × their number. */
  readonly steps: Uint16Array;
  /** Bits of the first code. */
  readonly firstBits: Uint8Array;
}

/** By number of the book; made on first use. */
const tables: (DecodeTable | undefined)[] = [];

/**
 * Reads symbols of a book: `count` of them, a multiple of the group size. What comes back lasts until the next read, and
 * has room for 32 more.
 * @throws DbError CHUNK_INVALID
 */
export function readSymbols(place: BitPlace, book: number, count: number): Uint8Array {
  const table = (tables[book] ??= makeTable(codeBook(book)));
  const filled = readEntries(place, table, count);
  if (filled < count) readLast(place, table, { filled, count, groupSize: codeBook(book).groupSize });
  place.at += place.bit >>> 3;
  place.bit &= 7;
  if (place.at + Number(place.bit > 0) > place.end) throw invalid('a stream of symbols that ends early');
  return symbols;
}

/**
 * Two entries at a time while both fit, as long as the four bytes they are in can be read.
 * @returns how many symbols were read
 */
function readEntries(place: BitPlace, { symbols: entries, steps }: DecodeTable, count: number): number {
  const { view, at } = place;
  const filledMax = count - 2 * ENTRY_SIZE;
  const bitMax = (view.byteLength - at - 4) * 8;
  let { bit } = place;
  let filled = 0;
  while (filled <= filledMax && bit <= bitMax) {
    const word = view.getUint32((at + (bit >>> 3)) | 0, true) >>> (bit & 7);
    const step = steps[word & ENTRY_MASK]!;
    symbolView.setFloat64(filled, entries[word & ENTRY_MASK]!, true);
    filled = (filled + (step >>> 8)) | 0;
    const rest = word >>> (step & 0xff);
    const nextStep = steps[rest & ENTRY_MASK]!;
    symbolView.setFloat64(filled, entries[rest & ENTRY_MASK]!, true);
    filled = (filled + (nextStep >>> 8)) | 0;
    bit = (bit + (step & 0xff) + (nextStep & 0xff)) | 0;
  }
  place.bit = bit;
  return filled;
}

/** From symbol `filled` on, an entry at a time where all of it is wanted, else a code at a time. */
function readLast(
  place: BitPlace,
  { symbols: entries, steps, firstBits }: DecodeTable,
  { filled, count, groupSize }: { filled: number; readonly count: number; readonly groupSize: number },
): void {
  while (filled < count) {
    const entry = peekBits(place) & ENTRY_MASK;
    const step = steps[entry]!;
    const isWhole = filled + (step >>> 8) <= count;
    symbolView.setFloat64(filled, entries[entry]!, true);
    filled += isWhole ? step >>> 8 : groupSize;
    place.bit += isWhole ? step & 0xff : firstBits[entry]!;
  }
}

/** At least 17 bits; zeros behind the end. */
function peekBits({ view, at, bit, end }: BitPlace): number {
  const first = at + (bit >>> 3);
  if (first + 4 <= view.byteLength) return view.getUint32(first, true) >>> (bit & 7);
  let word = 0;
  for (let index = 0; index < 3 && first + index < end; index += 1) word |= view.getUint8(first + index) << (8 * index);
  return word >>> (bit & 7);
}

/** What is coded. */
export interface Symbols {
  readonly book: CodeBook;
  readonly lowWidth: number;
  /**
   * By number: symbol · 2^lowWidth + low bits, after `skipped` was taken off. Outside the book's symbols: an outlier. With
   * room behind `count` for a group.
   */
  readonly distances: Int32Array;
  readonly skipped: number;
  readonly count: number;
}

/**
 * Writes symbols into `stream` from bit 0 on, the last group filled up with middle symbols; their low bits go to `low`.
 * An outlier is coded as the middle symbol, and its index put into `outliers`.
 * @returns bytes
 */
export function writeSymbols(from: Symbols, { stream, low, outliers }: WrittenSymbols): number {
  const { book, lowWidth, distances, skipped, count } = from;
  const { groupSize, symbolCount, radius, entries } = book;
  const limit = symbolCount << lowWidth;
  const mask = (1 << lowWidth) - 1;
  distances.fill(skipped + (radius << lowWidth), count, count + groupSize);
  let at = 0;
  let word = 0;
  let filled = 0;
  for (let index = 0; index < count;) {
    let group = 0;
    for (let scale = 1, end = index + groupSize; index < end; index += 1, scale *= symbolCount) {
      let distance = distances[index]! - skipped;
      if (distance >>> 0 >= limit) {
        outliers.push(index);
        distance = radius << lowWidth;
      }
      group += (distance >> lowWidth) * scale;
      if (lowWidth > 0) low[index] = distance & mask;
    }
    const entry = entries[group]!;
    // Without a branch, of which nobody could guess the outcome: whole bytes are done with, the rest is stored again.
    word |= (entry & ENTRY_MASK) << filled;
    stream.setUint32(at, word, true);
    filled += entry >> CODE_LENGTH_MAX;
    at = (at + (filled >>> 3)) | 0;
    word >>>= filled & 24;
    filled &= 7;
  }
  return at + Number(filled > 0);
}

/** Where {@link writeSymbols} writes. */
export interface WrittenSymbols {
  readonly stream: DataView;
  readonly low: Uint32Array;
  readonly outliers: number[];
}

function makeTable({ lengths, codes, groupSize, symbolCount }: CodeBook): DecodeTable {
  const groups = new Uint16Array(ENTRY_COUNT);
  for (const [group, length] of lengths.entries()) {
    for (let entry = codes[group]!; entry < ENTRY_COUNT; entry += 1 << length) groups[entry] = group;
  }
  const bytes = new Uint8Array(ENTRY_COUNT * ENTRY_SIZE);
  const steps = new Uint16Array(ENTRY_COUNT);
  for (let entry = 0; entry < ENTRY_COUNT; entry += 1) {
    let count = 0;
    let bits = 0;
    while (count + groupSize <= ENTRY_SIZE) {
      let group = groups[entry >>> bits]!;
      if (bits + lengths[group]! > CODE_LENGTH_MAX) break;
      bits += lengths[group]!;
      for (const end = count + groupSize; count < end; count += 1) {
        bytes[entry * ENTRY_SIZE + count] = group % symbolCount;
        group = Math.floor(group / symbolCount);
      }
    }
    steps[entry] = bits + count * 256;
  }
  const firstBits = Uint8Array.from(groups, (group) => lengths[group]!);
  return { symbols: new Float64Array(bytes.buffer), steps, firstBits };
}
