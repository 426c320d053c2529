import { Prng } from '@varve/base';
import { expect, test } from 'vitest';
import { areSmall, divide, divideSmall, reciprocalOfPower, SMALL_DIGIT_COUNT_MAX } from './decimals.ts';

const SMALL_MAX = 2 ** 31;
const COUNT = 100_000;

// Methodology: for each number of digits, integers of every size, all near zero, the greatest, and those beside multiples of
// the divisor, of both signs; each quotient is compared with what the processor's division gives.
test('a product with the reciprocal is the quotient to the last bit', () => {
  const random = new Prng(7);
  for (let digitCount = 1; digitCount <= SMALL_DIGIT_COUNT_MAX; digitCount += 1) {
    const divisor = 10 ** digitCount;
    const kinds = [
      () => random.between(-SMALL_MAX, SMALL_MAX),
      () => Math.floor(2 ** (random.fraction() * 31)),
      (index: number) => index - COUNT / 2,
      (index: number) => SMALL_MAX - index,
      (index: number) => index - SMALL_MAX,
      () => random.between(0, Math.floor(SMALL_MAX / divisor) - 1) * divisor + random.between(-1, 1),
    ];
    for (const kind of kinds) {
      const integers = Float64Array.from({ length: COUNT }, (_, index) => kind(index));
      const quotients = integers.slice();
      expect(areSmall({ digitCount, integers })).toBe(true);
      divideSmall(integers, COUNT, reciprocalOfPower(digitCount));
      divide(quotients, COUNT, digitCount);
      expect(integers.findIndex((value, index) => !Object.is(value, quotients[index]))).toBe(-1);
    }
  }
});

test('integers beyond 31 bits, and other numbers of digits, are left to a division', () => {
  const isSmall = (digitCount: number, ...integers: number[]): boolean => areSmall({ digitCount, integers: Float64Array.from(integers) });
  expect(isSmall(2, SMALL_MAX, -SMALL_MAX, 0)).toBe(true);
  expect(isSmall(2, 1, SMALL_MAX + 1)).toBe(false);
  expect(isSmall(2, -SMALL_MAX - 1)).toBe(false);
  expect(isSmall(0, 1)).toBe(false);
  expect(isSmall(SMALL_DIGIT_COUNT_MAX, 1)).toBe(true);
  expect(isSmall(SMALL_DIGIT_COUNT_MAX + 1, 1)).toBe(false);
});
