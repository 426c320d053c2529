import { assert } from '@varve/base';
import { canonicalCodes, codeLengths } from './prefix-code.ts';

/*
 * Prefix codes for small whole numbers around 0, made once per process instead of being written into each page: differences
 * of measurements are bells of one width or another, so the number of the nearest bell says all that a table would.
 *
 *   number  −radius … 0 … +radius   ──▶   symbol 0 … radius … 2·radius
 *
 * A code stands for a group of 1, 2 or 4 numbers, the more the fewer bits each has: a code takes whole bits, and a number
 * of 0.3 bits would else take one. Codes have up to 11 bits, so that a table of 2^11 entries decodes any.
 *
 * The books are part of the format. They are made by additions, multiplications and divisions only, which float64 defines
 * to the last bit: Math.exp may differ between machines. Source: docs/formats/column.md.
 */

/** Bits of the longest code. */
export const CODE_LENGTH_MAX = 11;
/** The most numbers per code. */
export const GROUP_SIZE_MAX = 4;
/** The greatest radius of a book. */
export const RADIUS_MAX = 15;

/** One static code. */
export interface CodeBook {
  readonly radius: number;
  /** 2 · radius + 1. */
  readonly symbolCount: number;
  /** Numbers per code. */
  readonly groupSize: number;
  /** Bits that a symbol takes, about. */
  readonly costs: Float64Array;
  /** By group: symbol 0 + symbol 1 · symbolCount + … */
  readonly lengths: Uint8Array;
  readonly codes: Uint16Array;
  /** Code + 2^11 · length. */
  readonly entries: Uint16Array;
}

interface Bell {
  readonly shape: 'normal' | 'laplace';
  /** The standard deviation, or the distance in which a Laplace distribution falls to 1/e. */
  readonly width: number;
  readonly groupSize: number;
  readonly radius: number;
}

const normal = (width: number, groupSize: number, radius: number): Bell => ({
  ...{ shape: 'normal', width, groupSize, radius },
});
const laplace = (width: number, groupSize: number, radius: number): Bell => ({
  ...{ shape: 'laplace', width, groupSize, radius },
});

/** By number: pages name them. Groups and radius are those with the fewest bits, an outlier taken for 26. */
const BELLS: readonly Bell[] = [
  ...[normal(0.55, 2, 2), normal(0.69, 2, 2), normal(0.87, 2, 3), normal(1.1, 2, 4)],
  ...[laplace(0.2, 4, 1), laplace(0.25, 4, 1), laplace(0.32, 4, 1)],
  ...[laplace(0.4, 2, 3), laplace(0.5, 2, 4), laplace(0.63, 2, 4), laplace(0.79, 2, 5)],
  ...[normal(1.39, 1, 6), normal(1.75, 1, 8), normal(2.2, 1, 9), normal(2.77, 1, 12)],
  ...[laplace(1, 1, 10), laplace(1.26, 1, 11), laplace(1.59, 1, 13), laplace(2, 1, 15), laplace(2.5, 1, 15)],
];
/** How many books there are. */
export const BOOK_COUNT = BELLS.length;
/** The books from here on are wide enough for numbers whose low bits were taken off. */
export const WIDE_BOOK = 11;

const books: (CodeBook | undefined)[] = [];

/** A book by its number, 0 to BOOK_COUNT − 1; made on first use. */
export function codeBook(number: number): CodeBook {
  return (books[number] ??= makeBook(BELLS[number]!));
}

function makeBook({ shape, width, groupSize, radius }: Bell): CodeBook {
  const symbolCount = 2 * radius + 1;
  const heights = Float64Array.from({ length: symbolCount }, (_, symbol) => {
    const distance = Math.abs(symbol - radius) / width;
    return inverseExp(shape === 'normal' ? (distance * distance) / 2 : distance);
  });
  const total = heights.reduce((sum, height) => sum + height, 0);
  const weights = groupWeights(heights, groupSize);
  assert(weights.length <= 2 ** CODE_LENGTH_MAX, `${weights.length} codes of ${CODE_LENGTH_MAX} bits`);
  const lengths = codeLengths(weights, CODE_LENGTH_MAX);
  const costs = heights.map((height) => Math.min(CODE_LENGTH_MAX, Math.log2(total / height)));
  const codes = canonicalCodes(lengths);
  const entries = codes.map((code, group) => code + (lengths[group]! << CODE_LENGTH_MAX));
  return { radius, symbolCount, groupSize, costs, lengths, codes, entries };
}

/** Products over all groups, the first symbol running fastest. */
function groupWeights(heights: Float64Array, groupSize: number): Float64Array {
  let weights = Float64Array.of(1);
  for (let place = 0; place < groupSize; place += 1) {
    weights = Float64Array.from({ length: weights.length * heights.length }, (_, group) => {
      const rest = group % weights.length;
      return weights[rest]! * heights[(group - rest) / weights.length]!;
    });
  }
  return weights;
}

/** e^−x for x from 0 to 100 or so, the same on every machine: the series for x / 1024, squared ten times. */
function inverseExp(x: number): number {
  const small = x / 1_024;
  let term = 1;
  let sum = 1;
  for (let power = 1; power <= 12; power += 1) {
    term = (term * small) / power;
    sum += term;
  }
  for (let doubling = 0; doubling < 10; doubling += 1) sum *= sum;
  return 1 / sum;
}
