import { expect, test } from 'vitest';
import { systemRandom } from './system-random.ts';

test('draws are whole 32-bit numbers, and thousands of them hardly repeat', () => {
  const draws = Array.from({ length: 2_000 }, () => systemRandom.uint32());
  expect(draws.every((draw) => Number.isInteger(draw) && draw >= 0 && draw < 2 ** 32)).toBe(true);
  expect(new Set(draws).size).toBeGreaterThan(1_990);
});
