import { BOOK_COUNT, codeBook, GROUP_SIZE_MAX, RADIUS_MAX, WIDE_BOOK } from './code-books.ts';
import { differenceAt, type Order } from './differences.ts';

/*
 * How differences are best split for a code book. Differences lie around a center in a bell of some width:
 *
 *      distance from the left end of the widest book = symbol · 2^lowWidth + low bits
 *
 * The low bits of a wide bell are noise, and packed as they are; what is left is about as wide as the books are. Order,
 * center and width are guessed from a few values, then measured, and taken again if the guess was bad.
 */

/** Fewer are not worth it. */
const COUNT_MIN = 24;
/** More are not coded: it bounds what is kept between calls. */
export const CODED_COUNT_MAX = 65_536;
const SAMPLE_COUNT = 32;
/** How many on both sides of a sample are left out as possible outliers. */
const SAMPLE_CUT = 3;
/** More low bits than this leave nothing to gain. */
export const LOW_WIDTH_MAX = 12;
/** A higher order must be that much narrower: of noise, it is wider by √2, which a small sample may not show. */
const ORDER_PENALTY = 1.2;
/** Mean distances from the center that the wide books suit, in symbols. */
const SPREAD_MAX = 2;
const SPREAD_MIN = 0.8;
/** Bits that an outlier takes, about. */
const OUTLIER_COST = 26;
const FRAME_SIZE = 2 * RADIUS_MAX + 1;

/** How differences are to be coded. */
export interface Profile {
  readonly order: Order;
  /** What the middle symbol stands for; with low bits, its middle. */
  readonly center: number;
  readonly lowWidth: number;
  /** Number of the book. */
  readonly book: number;
  /** About what it takes. */
  readonly sizeBits: number;
  /** By difference: its distance from the left end of a frame of 2 · RADIUS_MAX + 1 symbols, or −1 outside. Kept until the next call. */
  readonly distances: Int32Array;
}

const sample = new Float64Array(SAMPLE_COUNT);
const histogram = new Int32Array(FRAME_SIZE);
let distances = new Int32Array(1_024);

/** The difference that the lowest symbol of a frame with this radius stands for, all low bits 0. */
export function originOf(center: number, lowWidth: number, radius: number): number {
  return center - (lowWidth > 0 ? 2 ** (lowWidth - 1) : 0) - radius * 2 ** lowWidth;
}

/** The best split; undefined where it would not be below `sizeBitsMax`, by a guess. */
export function profileOf(values: Float64Array, orders: readonly Order[], sizeBitsMax: number): Profile | undefined {
  const { length } = values;
  if (length < COUNT_MIN || length > CODED_COUNT_MAX) return undefined;
  if (distances.length < length + GROUP_SIZE_MAX) distances = new Int32Array(length + GROUP_SIZE_MAX);
  let guess: Guess | undefined;
  for (const order of orders) {
    const next = guessOf(values, order);
    if (guess === undefined || next.spread * ORDER_PENALTY < guess.spread) guess = next;
  }
  if (guess === undefined || length * (Math.log2(guess.spread) + 1.7) > sizeBitsMax) return undefined;
  let lowWidth = lowWidthOf(guess.spread);
  let split = splitBy(values, guess, lowWidth);
  const scale = 2 ** lowWidth;
  const spread = split.spread / scale;
  const shift =
    lowWidth === 0 ? Math.round(split.shift) : Math.abs(split.shift) * 4 < scale ? 0 : Math.round(split.shift);
  if (shift !== 0 || spread > SPREAD_MAX * 1.15 || (lowWidth > 0 && spread < SPREAD_MIN)) {
    lowWidth = lowWidthOf(split.spread);
    guess = { ...guess, center: guess.center + shift };
    split = splitBy(values, guess, lowWidth);
  }
  if (lowWidth > LOW_WIDTH_MAX) return undefined;
  const { order, center } = guess;
  const { book, bits } = bestBook(lowWidth > 0 ? WIDE_BOOK : 0);
  const sizeBits = bits + split.outlierCount * OUTLIER_COST + lowWidth * length;
  return { order, center, lowWidth, book, sizeBits, distances };
}

interface Guess {
  readonly order: Order;
  readonly center: number;
  /** Mean distance from the center. */
  readonly spread: number;
}

function guessOf(values: Float64Array, order: Order): Guess {
  for (let index = 0; index < SAMPLE_COUNT; index += 1) {
    insert(index, differenceAt(values, order, 2 + Math.floor((index * (values.length - 2)) / SAMPLE_COUNT)));
  }
  const median = sample[SAMPLE_COUNT / 2]!;
  let distance = 0;
  for (let index = SAMPLE_CUT; index < SAMPLE_COUNT - SAMPLE_CUT; index += 1)
    distance += Math.abs(sample[index]! - median);
  // What was cut off is made up for as if it were normal.
  const spread = (distance / (SAMPLE_COUNT - 2 * SAMPLE_CUT)) * 1.3;
  return { order, center: order > 0 && Math.abs(median) <= spread / 2 ? 0 : median, spread };
}

/** Keeps the first `count` + 1 of the sample sorted. */
function insert(count: number, value: number): void {
  let at = count;
  for (; at > 0 && sample[at - 1]! > value; at -= 1) sample[at] = sample[at - 1]!;
  sample[at] = value;
}

function lowWidthOf(spread: number): number {
  return spread <= SPREAD_MAX ? 0 : Math.ceil(Math.log2(spread / SPREAD_MAX));
}

interface Split {
  readonly outlierCount: number;
  /** Of those inside the frame: how far their mean is from the center, and their mean distance from it. */
  readonly shift: number;
  readonly spread: number;
}

/** Fills `distances` and `histogram`. */
function splitBy(values: Float64Array, { order, center }: Guess, lowWidth: number): Split {
  const width = Math.min(lowWidth, 24);
  const origin = originOf(center, width, RADIUS_MAX);
  const limit = FRAME_SIZE * 2 ** width;
  histogram.fill(0);
  let outlierCount = 0;
  let sum = 0;
  let previous = order > 0 ? values[order - 1]! : 0;
  let previousStep = order > 1 ? previous - values[0]! : 0;
  for (let index: number = order; index < values.length; index += 1) {
    const value = values[index]!;
    const step = order > 0 ? value - previous : value;
    const distance = step - previousStep - origin;
    if (order > 1) previousStep = step;
    previous = value;
    if (distance >= 0 && distance < limit) {
      const whole = distance | 0;
      distances[index - order] = whole;
      histogram[whole >> width]! += 1;
      sum += whole;
    } else {
      distances[index - order] = -1;
      outlierCount += 1;
    }
  }
  return { outlierCount, ...measure(values.length - order - outlierCount, sum, width) };
}

function measure(count: number, sum: number, width: number): { shift: number; spread: number } {
  if (count === 0) return { shift: 0, spread: 0 };
  const scale = 2 ** width;
  const middle = width > 0 ? 0.5 : 0;
  const mean = sum / count / scale - RADIUS_MAX - middle;
  let distance = 0;
  for (let symbol = 0; symbol < FRAME_SIZE; symbol += 1) {
    distance += histogram[symbol]! * Math.abs(symbol - RADIUS_MAX - mean);
  }
  return { shift: mean * scale, spread: (distance / count) * scale };
}

function bestBook(firstBook: number): { readonly book: number; readonly bits: number } {
  const costs = (bookCosts ??= makeCosts());
  let low = 0;
  while (low < FRAME_SIZE - 1 && histogram[low] === 0) low += 1;
  let high = FRAME_SIZE - 1;
  while (high > low && histogram[high] === 0) high -= 1;
  let best = { book: firstBook, bits: Infinity };
  for (let book = firstBook; book < BOOK_COUNT; book += 1) {
    const place = book * FRAME_SIZE;
    let bits = 0;
    for (let symbol = low; symbol <= high; symbol += 1) bits += histogram[symbol]! * costs[place + symbol]!;
    if (bits < best.bits) best = { book, bits };
  }
  return best;
}

let bookCosts: Float64Array | undefined;

/** By book, for each symbol of the frame: bits, about. */
function makeCosts(): Float64Array {
  const costs = new Float64Array(BOOK_COUNT * FRAME_SIZE).fill(OUTLIER_COST);
  for (let book = 0; book < BOOK_COUNT; book += 1) {
    const { radius, costs: own } = codeBook(book);
    costs.set(own, book * FRAME_SIZE + RADIUS_MAX - radius);
  }
  return costs;
}
