/** Values looked at before all are scaled. */
const SAMPLE_COUNT = 16;

/** Floats as integers over a power of ten. */
export interface ScaledDecimals {
  /** Digits behind the point: a float is its integer / 10^digitCount, exactly. */
  readonly digitCount: number;
  /** Within ±(2^53 − 1), none of them −0. */
  readonly integers: Float64Array;
}

/**
 * The floats as integers over one power of ten, with as few digits as do; undefined where some float would not come back
 * bit by bit with `digitCountMax` digits (at most 22, beyond which powers of ten are not exact).
 *
 * Most floats were decimals with few digits once: 72.35 is the float64 nearest to 7235 / 100, and a division rounds to the
 * nearest. Source of the idea: ALP, Afroozeh et al., SIGMOD 2023 (without its exceptions).
 */
export function scaleDecimals(floats: Float64Array, digitCountMax: number): ScaledDecimals | undefined {
  const integers = new Float64Array(floats.length);
  const sample = floats.subarray(0, SAMPLE_COUNT);
  let digitCount = 0;
  while (!scale(sample, digitCount, integers)) if (++digitCount > digitCountMax) return undefined;
  while (!scale(floats, digitCount, integers)) if (++digitCount > digitCountMax) return undefined;
  return { digitCount, integers };
}

/** False where a value would not come back exactly. −0 would not. */
function scale(floats: Float64Array, digitCount: number, into: Float64Array): boolean {
  const by = powerOfTen(digitCount);
  for (let index = 0; index < floats.length; index += 1) {
    const value = floats[index]!;
    const integer = Math.round(value * by);
    if (integer / by !== value || (integer === 0 && 1 / value < 0)) return false;
    if (integer > Number.MAX_SAFE_INTEGER || integer < Number.MIN_SAFE_INTEGER) return false;
    into[index] = integer;
  }
  return true;
}

/** 10^0 to 10^22, each exact: read from text, as a power computed by a library need not be. */
export function powerOfTen(exponent: number): number {
  return POWERS_OF_TEN[exponent]!;
}

const POWERS_OF_TEN = Float64Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));
