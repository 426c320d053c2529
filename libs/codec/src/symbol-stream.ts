import { CODE_LENGTH_MAX, codeBook, type CodeBook } from './code-books.ts';
import { machineMemory, readTwoLanes, SYMBOL_COUNT_MAX, SYMBOLS } from './coded-machine.ts';
import { invalid } from './invalid.ts';
import type { PageReader } from './page-reader.ts';
import type { PageWriter } from './page-writer.ts';
import { ENTRY_COUNT, ENTRY_SIZE, FIRST_STEPS, STEPS, TABLE_SIZE_BYTES } from './symbol-machine.ts';

/*
 * Symbols of a code book as streams of bits. A table of 2^11 entries says for the next 11 bits which symbols they begin
 * with, up to eight at once, and how many bits these take:
 *
 *   bits … 0110100·10·0·11·0 ──▶ entry { symbols 8 × u8, count, bits } ──▶ one store of 8 bytes, on by `count`
 *
 * The next entry overwrites what was stored too much. Where an entry is found depends on the one before it, and a processor
 * waits most of the time: so many symbols are cut into two lanes, which are read at the same time (symbol-machine.ts).
 *
 *   size of the first lane varint · first lane │ second lane          each from bit 0 of its first byte on
 *
 * Sources of the ideas: the double-symbol tables and the four streams of zstd's Huffman decoder (Collet), RFC 8878.
 */

/** Pieces of so many symbols have two lanes. */
const LANED_COUNT_MIN = 256;
/** The first lane ends at a multiple of it, which is one of every group size. */
const LANE_UNIT = 8;
const ENTRY_MASK = ENTRY_COUNT - 1;

/** By number of the book: whether its table is in the machine's memory; it is made on first use. */
const hasTable: boolean[] = [];

/**
 * Reads a piece of symbols of a book into the machine's memory: `count` of them, a multiple of the group size.
 * @param toMemory what `loadPage` said of the page
 * @throws DbError CHUNK_INVALID
 */
export function readSymbols(reader: PageReader, book: number, count: number, toMemory: number): void {
  const table = book * TABLE_SIZE_BYTES;
  if (hasTable[book] === undefined) makeTable(codeBook(book), table);
  hasTable[book] = true;
  // One lane is the second of two.
  const isLaned = count >= LANED_COUNT_MIN;
  const firstSizeBytes = isLaned ? reader.varint() : 0;
  const middle = isLaned ? laneEnd(count) : 0;
  if (firstSizeBytes > SYMBOL_COUNT_MAX) throw invalid(`a lane of ${firstSizeBytes} bytes`);
  const firstAt = toMemory + reader.skip(firstSizeBytes);
  const secondAt = toMemory + reader.at;
  const end = readTwoLanes(table, firstAt * 8, secondAt * 8, SYMBOLS, SYMBOLS + middle, SYMBOLS + count);
  if (end < 0) throw invalid(`a lane of other than ${firstSizeBytes} bytes`);
  reader.at = end - toMemory;
  if (reader.at > reader.end) throw invalid('a stream of symbols that ends early');
}

/** Where the first of two lanes ends. */
function laneEnd(count: number): number {
  return Math.ceil(count / 2 / LANE_UNIT) * LANE_UNIT;
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

/** Fills in what `symbol-machine.ts` looks up. */
function makeTable({ lengths, codes, groupSize, symbolCount }: CodeBook, table: number): void {
  const groups = new Uint16Array(ENTRY_COUNT);
  for (const [group, length] of lengths.entries()) {
    for (let entry = codes[group]!; entry < ENTRY_COUNT; entry += 1 << length) groups[entry] = group;
  }
  const symbols = new Uint8Array(machineMemory, table, ENTRY_COUNT * ENTRY_SIZE);
  const steps = new Uint16Array(machineMemory, table + STEPS, ENTRY_COUNT);
  for (let entry = 0; entry < ENTRY_COUNT; entry += 1) {
    let count = 0;
    let bits = 0;
    while (count + groupSize <= ENTRY_SIZE) {
      let group = groups[entry >>> bits]!;
      if (bits + lengths[group]! > CODE_LENGTH_MAX) break;
      bits += lengths[group]!;
      for (const end = count + groupSize; count < end; count += 1) {
        symbols[entry * ENTRY_SIZE + count] = group % symbolCount;
        group = Math.floor(group / symbolCount);
      }
    }
    steps[entry] = bits + count * 256;
  }
  const firstSteps = groups.map((group) => lengths[group]! + groupSize * 256);
  new Uint16Array(machineMemory, table + FIRST_STEPS, ENTRY_COUNT).set(firstSteps);
}
