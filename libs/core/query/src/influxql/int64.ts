/** The ends of an int64, and of a uint64 (from 0). */
export const MIN_INT64 = -(2n ** 63n);
export const MAX_INT64 = 2n ** 63n - 1n;
export const MAX_UINT64 = 2n ** 64n - 1n;

/** A whole number in decimal, exactly; undefined when it has more digits than any uint64. Linear in the text. */
export function parseWholeNumber(text: string): bigint | undefined {
  const digits = text.length > DIGIT_COUNT_MAX ? text.replace(/^(-?)0+(?=\d)/, '$1') : text;
  if (digits.length <= SAFE_LENGTH_MAX) return BigInt(Number(digits));
  return digits.length > DIGIT_COUNT_MAX ? undefined : BigInt(digits);
}

/** A float without its fraction, as Go converts it: what does not fit is the least there is. */
export function int64Of(value: number): bigint {
  return Math.abs(value) < 2 ** 63 ? BigInt(Math.trunc(value)) : MIN_INT64;
}

/** Exact as a number, which is read sooner. */
const SAFE_LENGTH_MAX = 15;
/** One more than any uint64 has. */
const DIGIT_COUNT_MAX = 21;
