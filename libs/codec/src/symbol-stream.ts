import { CODE_LENGTH_MAX, codeBook, type CodeBook } from './code-books.ts';
import { invalid } from './invalid.ts';
import type { PageReader } from './page-reader.ts';
import type { PageWriter } from './page-writer.ts';

/*
 * Symbols of a code book as streams of bits. A table of 2^11 entries says for the next 11 bits which symbols they begin
 * with, up to eight at once, and how many bits these take:
 *
 *   bits … 0110100·10·0·11·0 ──▶ entry { symbols 8 × u8, count, bits } ──▶ one store of 8 bytes, on by `count`
 *
 * The next entry overwrites what was stored too much. Where an entry is found depends on the one before it, and a processor
 * waits most of the time: so many symbols are cut into two lanes, which are read at the same time.
 *
 *   size of the first lane varint · first lane │ second lane          each from bit 0 of its first byte on
 *
 * Sources of the ideas: the double-symbol tables and the four streams of zstd's Huffman decoder (Collet), RFC 8878.
 */

/** At most so many symbols are read or written at once: a piece. */
export const SYMBOL_COUNT_MAX = 4_096;
/** Pieces of so many symbols have two lanes. */
const LANED_COUNT_MIN = 256;
/** The first lane ends at a multiple of it, which is one of every group size. */
const LANE_UNIT = 8;
const ENTRY_COUNT = 1 << CODE_LENGTH_MAX;
const ENTRY_MASK = ENTRY_COUNT - 1;
/** Symbols per entry. */
const ENTRY_SIZE = 8;

/** A byte each. */
const symbolView = new DataView(new ArrayBuffer(SYMBOL_COUNT_MAX + 4 * ENTRY_SIZE));

/** A run of codes, and the symbols [filled, filledEnd) that are still to be read from it. */
interface Lane {
  /** Byte at which `bit` 0 is, in the reader's view. */
  readonly at: number;
  bit: number;
  filled: number;
  readonly filledEnd: number;
}

interface DecodeTable {
  /** Eight symbols as one float64. None is above 30, so that they never are a NaN. */
  readonly symbols: Float64Array;
  /** Bits of these symbols + 256 × their number. */
  readonly steps: Uint16Array;
  /** Bits of the first code. */
  readonly firstBits: Uint8Array;
  readonly groupSize: number;
}

/** By number of the book; made on first use. */
const tables: (DecodeTable | undefined)[] = [];

/**
 * Reads a piece of symbols of a book: `count` of them, a multiple of the group size. They come back as a byte each, last
 * until the next read, and have room for 32 more behind them.
 * @throws DbError CHUNK_INVALID
 */
export function readSymbols(reader: PageReader, book: number, count: number): DataView {
  const table = (tables[book] ??= makeTable(codeBook(book)));
  if (count < LANED_COUNT_MIN) {
    readLane(reader, table, { at: reader.at, bit: 0, filled: 0, filledEnd: count });
    return symbolView;
  }
  const firstSizeBytes = reader.varint();
  const middle = laneEnd(count);
  const first = { at: reader.skip(firstSizeBytes), bit: 0, filled: 0, filledEnd: middle };
  const second = { at: reader.at, bit: 0, filled: middle, filledEnd: count };
  readBoth(reader.view, table, first, second);
  readLane(reader, table, second);
  const endAt = reader.at;
  // The end of the first lane may be stored with some symbols too many, over those of the second.
  const behind = symbolView.getFloat64(middle, true);
  readLane(reader, table, first);
  symbolView.setFloat64(middle, behind, true);
  if (reader.at !== second.at) throw invalid(`a lane of ${reader.at - first.at} bytes instead of ${firstSizeBytes}`);
  reader.at = endAt;
  return symbolView;
}

/** Where the first of two lanes ends. */
function laneEnd(count: number): number {
  return Math.ceil(count / 2 / LANE_UNIT) * LANE_UNIT;
}

/** Two entries of each lane at a time while all fit, as long as the four bytes they are in can be read. */
function readBoth(view: DataView, { symbols: entries, steps }: DecodeTable, first: Lane, second: Lane): void {
  const { at, filledEnd } = first;
  const { at: secondAt, filledEnd: secondEnd } = second;
  const filledMax = filledEnd - 2 * ENTRY_SIZE;
  const secondMax = secondEnd - 2 * ENTRY_SIZE;
  // The second lane is nearer to the end of the buffer, and its bits are looked at with those of the first.
  const bitMax = (view.byteLength - secondAt - 4) * 8;
  let { filled, bit } = first;
  let { filled: secondFilled, bit: secondBit } = second;
  while (filled <= filledMax && secondFilled <= secondMax && bit <= bitMax && secondBit <= bitMax) {
    const word = view.getUint32((at + (bit >>> 3)) | 0, true) >>> (bit & 7);
    const secondWord = view.getUint32((secondAt + (secondBit >>> 3)) | 0, true) >>> (secondBit & 7);
    const step = steps[word & ENTRY_MASK]!;
    const secondStep = steps[secondWord & ENTRY_MASK]!;
    symbolView.setFloat64(filled, entries[word & ENTRY_MASK]!, true);
    symbolView.setFloat64(secondFilled, entries[secondWord & ENTRY_MASK]!, true);
    filled = (filled + (step >>> 8)) | 0;
    secondFilled = (secondFilled + (secondStep >>> 8)) | 0;
    const rest = word >>> (step & 0xff);
    const secondRest = secondWord >>> (secondStep & 0xff);
    const nextStep = steps[rest & ENTRY_MASK]!;
    const secondNextStep = steps[secondRest & ENTRY_MASK]!;
    symbolView.setFloat64(filled, entries[rest & ENTRY_MASK]!, true);
    symbolView.setFloat64(secondFilled, entries[secondRest & ENTRY_MASK]!, true);
    filled = (filled + (nextStep >>> 8)) | 0;
    secondFilled = (secondFilled + (secondNextStep >>> 8)) | 0;
    bit = (bit + (step & 0xff) + (nextStep & 0xff)) | 0;
    secondBit = (secondBit + (secondStep & 0xff) + (secondNextStep & 0xff)) | 0;
  }
  first.bit = bit;
  first.filled = filled;
  second.bit = secondBit;
  second.filled = secondFilled;
}

/** What is left of a lane: an entry at a time where all of it is wanted, else a code at a time. The reader is behind it then. */
function readLane(reader: PageReader, table: DecodeTable, lane: Lane): void {
  const { symbols: entries, steps, firstBits, groupSize } = table;
  const { at, filledEnd } = lane;
  let { bit, filled } = lane;
  while (filled < filledEnd) {
    const entry = peekBits(reader, at, bit) & ENTRY_MASK;
    const step = steps[entry]!;
    const isWhole = filled + (step >>> 8) <= filledEnd;
    symbolView.setFloat64(filled, entries[entry]!, true);
    filled += isWhole ? step >>> 8 : groupSize;
    bit += isWhole ? step & 0xff : firstBits[entry]!;
  }
  reader.at = at + ((bit + 7) >>> 3);
  if (reader.at > reader.end) throw invalid('a stream of symbols that ends early');
}

/** At least 17 bits; behind the end any. */
function peekBits({ view, end }: PageReader, at: number, bit: number): number {
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
  /** By number: symbol · 2^lowWidth + low bits, after `skipped` was taken off. Outside the book's symbols: an outlier. */
  readonly distances: Int32Array;
  readonly skipped: number;
}

/** What coding has found out. */
export interface CodedSymbols {
  /** By piece, its lane or its two lanes. They last until symbols are coded again. */
  readonly pieces: readonly (readonly Uint8Array[])[];
  /** Indexes of numbers that were coded as the middle symbol. */
  readonly outliers: readonly number[];
}

/** Codes the first `count` numbers, the last group filled up with middle symbols; the low bits of each go to `low`. */
export function codeSymbols(from: Symbols, count: number, low: Uint32Array): CodedSymbols {
  const { book, lowWidth, distances, skipped } = from;
  const end = Math.ceil(count / book.groupSize) * book.groupSize;
  distances.fill(skipped + (book.radius << lowWidth), count, end);
  if (streamBytes.length < end * 2 + SLACK_SIZE_BYTES) {
    streamBytes = new Uint8Array(end * 2 + SLACK_SIZE_BYTES);
    stream = new DataView(streamBytes.buffer);
  }
  const outliers: number[] = [];
  let at = 0;
  const pieces = pieceRanges(end).map((lanes) =>
    lanes.map((lane) => {
      const startAt = at;
      at = codeLane(from, lane, { at, low, outliers });
      return streamBytes.subarray(startAt, at);
    }),
  );
  return { pieces, outliers };
}

/** What {@link readSymbols} reads, piece by piece. */
export function writePieces(writer: PageWriter, { pieces }: CodedSymbols): void {
  for (const [first, second] of pieces) {
    if (second !== undefined) writer.varint(first!.length);
    writer.raw(first!);
    if (second !== undefined) writer.raw(second);
  }
}

// Grown for more symbols, of 16 bits at most each. Nothing here survives a call but what it says.
const SLACK_SIZE_BYTES = 4;
let streamBytes = new Uint8Array(2_048 + SLACK_SIZE_BYTES);
let stream = new DataView(streamBytes.buffer);

/** Numbers [start, end): whole groups. */
interface Range {
  readonly start: number;
  readonly end: number;
}

/** Of each piece, what its one or two lanes have. */
function pieceRanges(count: number): readonly (readonly Range[])[] {
  const pieces: Range[][] = [];
  for (let start = 0; start < count; start += SYMBOL_COUNT_MAX) {
    const end = Math.min(start + SYMBOL_COUNT_MAX, count);
    const middle = start + laneEnd(end - start);
    pieces.push(end - start < LANED_COUNT_MIN ? [{ start, end }] : [{ start, end: middle }, { start: middle, end }]);
  }
  return pieces;
}

/** @returns where the lane ends */
function codeLane(
  { book, lowWidth, distances, skipped }: Symbols,
  { start, end }: Range,
  { at: startAt, low, outliers }: { readonly at: number; readonly low: Uint32Array; readonly outliers: number[] },
): number {
  const { groupSize, symbolCount, radius, entries } = book;
  const limit = symbolCount << lowWidth;
  const mask = (1 << lowWidth) - 1;
  let at = startAt;
  let word = 0;
  let filled = 0;
  for (let index = start; index < end;) {
    let group = 0;
    for (let scale = 1, groupEnd = index + groupSize; index < groupEnd; index += 1, scale *= symbolCount) {
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
  return { symbols: new Float64Array(bytes.buffer), steps, firstBits, groupSize };
}
