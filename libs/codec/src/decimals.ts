/** Values looked at before all are scaled. */
const SAMPLE_COUNT = 32;
/** Of these, at most so many may need more digits than the others. */
const SAMPLE_ODD_COUNT_MAX = 3;
/** One of so many values may be odd: each costs nine bytes and more. */
const ODD_SHARE = 16;

/** Floats as integers over a power of ten. */
export interface ScaledDecimals {
  /** Digits behind the point: a float is its integer / 10^digitCount, exactly. */
  readonly digitCount: number;
  /** Within ±(2^53 − 1), none of them −0. */
  readonly integers: Float64Array;
}

/** Floats of which nearly all are integers over a power of ten. */
export interface MostlyDecimals extends ScaledDecimals {
  /** Indexes of those that are not, ascending; their integers are like those before them. */
  readonly odd: readonly number[];
}

/**
 * The floats as integers over one power of ten, with as few digits as do; undefined where some float would not come back
 * bit by bit with `digitCountMax` digits (at most 22, beyond which powers of ten are not exact).
 *
 * Most floats were decimals with few digits once: 72.35 is the float64 nearest to 7235 / 100, and a division rounds to the
 * nearest. Source of the idea: ALP, Afroozeh et al., SIGMOD 2023.
 */
export function scaleDecimals(floats: Float64Array, digitCountMax: number): ScaledDecimals | undefined {
  const first = digitCountOf(floats, digitCountMax, 0);
  if (first === undefined) return undefined;
  const integers = new Float64Array(floats.length);
  for (let digitCount = first; digitCount <= digitCountMax; digitCount += 1) {
    const scaled = { integers, odd: [], oddCountMax: 0 };
    if (scale(floats, digitCount, floats.length, scaled)) return { digitCount, integers };
  }
  return undefined;
}

/** As {@link scaleDecimals}, but one of sixteen floats may be odd, as in ALP: it need not set the digits of all. */
export function scaleMostDecimals(floats: Float64Array, digitCountMax: number): MostlyDecimals | undefined {
  const digitCount = digitCountOf(floats, digitCountMax, SAMPLE_ODD_COUNT_MAX);
  if (digitCount === undefined) return undefined;
  const scaled = { integers: new Float64Array(floats.length), odd: [], oddCountMax: floats.length / ODD_SHARE };
  return scale(floats, digitCount, floats.length, scaled) ? { digitCount, ...scaled } : undefined;
}

/** The fewest digits with which all floats of a sample but a few are exact; undefined where that is more than the most. */
function digitCountOf(floats: Float64Array, digitCountMax: number, oddCountMax: number): number | undefined {
  const count = Math.min(floats.length, SAMPLE_COUNT);
  // Spread over all, as odd values may lie together.
  for (let index = 0; index < count; index += 1) sample[index] = floats[Math.floor((index * floats.length) / count)]!;
  for (let digitCount = 0; digitCount <= digitCountMax; digitCount += 1) {
    const scaled = { integers: sampleIntegers, odd: [], oddCountMax: Math.min(oddCountMax, count >> 3) };
    if (scale(sample, digitCount, count, scaled)) return digitCount;
  }
  return undefined;
}

interface Scaled {
  readonly integers: Float64Array;
  readonly odd: number[];
  readonly oddCountMax: number;
}

/** False as soon as too many of the first `count` would not come back exactly. −0 would not. */
function scale(floats: Float64Array, digitCount: number, count: number, into: Scaled): boolean {
  const { integers, odd, oddCountMax } = into;
  const by = powerOfTen(digitCount);
  let integer = 0;
  for (let index = 0; index < count; index += 1) {
    const value = floats[index]!;
    const next = Math.round(value * by);
    if (next / by === value && next <= MAX_SAFE && next >= -MAX_SAFE && (next !== 0 || 1 / value > 0)) integer = next;
    else if (odd.push(index) > oddCountMax) return false;
    integers[index] = integer;
  }
  return true;
}

/** 10^0 to 10^22, each exact: read from text, as a power computed by a library need not be. */
export function powerOfTen(exponent: number): number {
  return POWERS_OF_TEN[exponent]!;
}

/** Whether all integers of decimals with so many digits are small enough for {@link divideSmall}. */
export function areSmall({ digitCount, integers }: ScaledDecimals): boolean {
  if (digitCount < 1 || digitCount > SMALL_DIGIT_COUNT_MAX) return false;
  for (let index = 0; index < integers.length; index += 1) if (Math.abs(integers[index]!) > SMALL_MAX) return false;
  return true;
}

/** The first `count` integers over 10^digitCount. */
export function divide(integers: Float64Array, count: number, digitCount: number): void {
  const divisor = powerOfTen(digitCount);
  for (let index = 0; index < count; index += 1) integers[index] = integers[index]! / divisor;
}

/**
 * As {@link divide} to the last bit, but four times as fast, where {@link areSmall} held.
 *
 * 1 / divisor = high + low, of which high has 22 bits: integer · high is exact, and integer · low is off by less than
 * 2^−74 of the quotient. A quotient of integers with such a divisor is never that near to the middle between two floats
 * (no nearer than 2^−54 / divisor of itself), so that their sum is rounded as the quotient would be.
 */
export function divideSmall(integers: Float64Array, count: number, { high, low }: Reciprocal): void {
  for (let index = 0; index < count; index += 1) {
    const integer = integers[index]!;
    integers[index] = integer * high + integer * low;
  }
}

/** 1 / divisor, as its first 22 bits and the rest. */
export interface Reciprocal {
  readonly high: number;
  readonly low: number;
}

/** Of 10^digitCount, for {@link divideSmall}. */
export function reciprocalOfPower(digitCount: number): Reciprocal {
  return RECIPROCALS[digitCount - 1]!;
}

function reciprocalOf(divisor: number): Reciprocal {
  const unit = 2 ** (Math.floor(Math.log2(1 / divisor)) - 21);
  const high = Math.floor(1 / divisor / unit) * unit;
  return { high, low: (1 - divisor * high) / divisor };
}

/** Digits that {@link divideSmall} takes off: 1 to 6. */
export const SMALL_DIGIT_COUNT_MAX = 6;
const SMALL_MAX = 2 ** 31;
const MAX_SAFE = Number.MAX_SAFE_INTEGER;
// Nothing here survives a call.
const sample = new Float64Array(SAMPLE_COUNT);
const sampleIntegers = new Float64Array(SAMPLE_COUNT);
const POWERS_OF_TEN = Float64Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));
const RECIPROCALS = Array.from({ length: SMALL_DIGIT_COUNT_MAX }, (_, index) => reciprocalOf(powerOfTen(index + 1)));
