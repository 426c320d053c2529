import { assert } from '@varve/base';
import { packedSizeBytes, packWords } from './bit-packing.ts';
import { BOOK_COUNT, codeBook, GROUP_SIZE_MAX, RADIUS_MAX, WIDE_BOOK } from './code-books.ts';
import { loadPage, madeNumbers, numbersMaker, SYMBOL_COUNT_MAX } from './coded-machine.ts';
import { divideSmall, type Reciprocal } from './decimals.ts';
import { CODED_COUNT_MAX, LOW_WIDTH_MAX, originOf, type Profile, profileOf } from './difference-profile.ts';
import { type Order, readFirst, sumUp, writeFirst } from './differences.ts';
import { invalid } from './invalid.ts';
import { isExactWithout, readOutliers, writeOutliers } from './outliers.ts';
import type { PageReader } from './page-reader.ts';
import type { PageWriter } from './page-writer.ts';
import { codeSymbols, readSymbols, writePieces } from './symbol-stream.ts';

/*
 * Whole numbers as differences in a prefix code: about as small as their entropy, where blocks of equal width pay for the
 * widest number of each. For what has bells of differences, such as every walk.
 *
 *   [first signed] · [step signed] · [center signed] · low bits · symbols · [outliers]
 *
 *   model = book + 128 if there are outliers, of a book without low bits
 *           BOOK_COUNT + (lowWidth − 1) · wide books + (book − WIDE_BOOK) …, with low bits
 */

const HAS_OUTLIERS = 0x80;
const WIDE_BOOK_COUNT = BOOK_COUNT - WIDE_BOOK;
const MODEL_COUNT = BOOK_COUNT + LOW_WIDTH_MAX * WIDE_BOOK_COUNT;
assert(MODEL_COUNT <= HAS_OUTLIERS, `${MODEL_COUNT} models in 7 bits`);

/** What differences are taken and coded as. A center of 0 need not be written. */
export interface CodedForm {
  readonly order: Order;
  readonly hasCenter: boolean;
  /** Which book, how many low bits, and whether there are outliers: a byte, below 128 without outliers. */
  readonly model: number;
}

// Of one page; grown for a bigger one, of 65,536 values at most. Nothing here survives a call.
let low = new Uint32Array(1_024);
let lowWords = new Uint32Array(1_024);

/** What may be written. */
export interface CodedChoice {
  /** Those of which differences are exact. */
  readonly orders: readonly Order[];
  readonly sizeBytesMax: number;
  /** Writes the form, which stands in front of everything else. */
  writeForm(form: CodedForm): void;
}

/** Writes the values coded, if that takes less than `sizeBytesMax` without the form. @returns whether it did */
export function maybeWriteCoded(writer: PageWriter, values: Float64Array, choice: CodedChoice): boolean {
  const { orders, sizeBytesMax } = choice;
  const profile = profileOf(values, orders, sizeBytesMax * 8);
  if (profile === undefined || profile.sizeBits >= sizeBytesMax * 8) return false;
  const { order, center, lowWidth, distances } = profile;
  const book = codeBook(profile.book);
  const count = values.length - order;
  makeRoom(count);
  const skipped = (RADIUS_MAX - book.radius) * 2 ** lowWidth;
  const coded = codeSymbols({ book, lowWidth, distances, skipped }, count, low);
  const origin = originOf(center, lowWidth, book.radius);
  const codedAs = origin + book.radius * 2 ** lowWidth;
  const outliers = { order, indexes: coded.outliers, codedAs, codedMax: Math.abs(origin) + book.symbolCount * 2 ** lowWidth };
  const hasOutliers = coded.outliers.length > 0;
  if (hasOutliers && !isExactWithout(outliers, values)) return false;
  const start = writer.at;
  const hasCenter = order === 0 || center !== 0;
  choice.writeForm({ order, hasCenter, model: modelOf(profile) + (hasOutliers ? HAS_OUTLIERS : 0) });
  const bodyStart = writer.at;
  writeFirst(writer, order, values);
  if (hasCenter) writer.signed(center);
  if (lowWidth > 0) {
    packWords(low, count, lowWidth, lowWords);
    writer.words(lowWords, packedSizeBytes(count, lowWidth));
  }
  writePieces(writer, coded);
  if (hasOutliers) writeOutliers(writer, outliers, values);
  if (writer.at - bodyStart < sizeBytesMax) return true;
  writer.at = start;
  return false;
}

/**
 * The inverse of {@link maybeWriteCoded}, into the first `count` values of `into`; or quotients of these.
 * @throws DbError CHUNK_INVALID
 */
export function readCoded(reader: PageReader, form: CodedForm, count: number, into: Float64Array, by?: Reciprocal): void {
  if (count > CODED_COUNT_MAX) throw invalid(`${count} coded values`);
  const { order, hasCenter, model } = form;
  const { book: number, lowWidth } = splitModel(model & ~HAS_OUTLIERS);
  const { radius, symbolCount, groupSize } = codeBook(number);
  readFirst(reader, order, count, into);
  const base = originOf(hasCenter ? reader.signed() : 0, lowWidth, radius);
  const hasOutliers = (model & HAS_OUTLIERS) !== 0;
  const sums = sumsOf(count, order === 1 ? into[0]! : NaN, Math.abs(base) + symbolCount * 2 ** lowWidth);
  const isQuotient = by !== undefined && sums === 'nearSums' && !hasOutliers;
  const make = numbersMaker(isQuotient ? 'quotients' : sums, lowWidth > 0);
  const toMemory = loadPage(reader, count);
  const lowAt = toMemory + reader.skip(packedSizeBytes(Math.max(0, count - order), lowWidth));
  let from = sums === 'numbers' ? base : into[0]!;
  for (let start: number = order; start < count; start += SYMBOL_COUNT_MAX) {
    const pieceCount = Math.min(SYMBOL_COUNT_MAX, count - start);
    readSymbols(reader, number, groupedCount(pieceCount, groupSize), toMemory);
    from = make(pieceCount, lowAt + ((start - order) / 8) * lowWidth, lowWidth, base, from, by?.high ?? 0, by?.low ?? 0);
    into.set(madeNumbers(pieceCount), start);
    if (sums === 'numbers') sumUp(into, order, start, start + pieceCount);
  }
  if (hasOutliers) readOutliers(reader, order, count, into);
  if (by !== undefined) divideSmall(into, isQuotient ? Math.min(count, order) : count, by);
}

/** How numbers up to `numberMax` from 0 are summed up from `first` on, if they are, and it is a number. */
function sumsOf(count: number, first: number, numberMax: number): 'numbers' | 'sums' | 'nearSums' {
  if (Math.abs(first) + count * numberMax < 2 ** 31) return 'nearSums';
  return Math.abs(first) >= 0 && Math.min(count, SYMBOL_COUNT_MAX) * numberMax < 2 ** 31 ? 'sums' : 'numbers';
}

function makeRoom(count: number): void {
  if (low.length >= count + GROUP_SIZE_MAX) return;
  low = new Uint32Array(count + GROUP_SIZE_MAX);
  lowWords = new Uint32Array(low.length);
}

/** Numbers that are coded: the last group is a whole one. */
function groupedCount(count: number, groupSize: number): number {
  return Math.ceil(count / groupSize) * groupSize;
}

function modelOf({ book, lowWidth }: Profile): number {
  return lowWidth === 0 ? book : BOOK_COUNT + (lowWidth - 1) * WIDE_BOOK_COUNT + book - WIDE_BOOK;
}

function splitModel(model: number): { readonly book: number; readonly lowWidth: number } {
  if (model >= MODEL_COUNT) throw invalid(`unknown model of a prefix code ${model}`);
  if (model < BOOK_COUNT) return { book: model, lowWidth: 0 };
  const place = model - BOOK_COUNT;
  return { book: WIDE_BOOK + (place % WIDE_BOOK_COUNT), lowWidth: 1 + Math.floor(place / WIDE_BOOK_COUNT) };
}
