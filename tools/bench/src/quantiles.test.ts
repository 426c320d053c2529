import { expect, test } from 'vitest';
import { quantilesOf } from './quantiles.ts';

test('quantiles are values that were measured', () => {
  expect(quantilesOf([3, 1, 2])).toEqual({ count: 3, p50: 2, p99: 3, max: 3 });
  expect(quantilesOf(Array.from({ length: 100 }, (_, index) => index + 1))).toEqual({
    count: 100,
    p50: 50,
    p99: 99,
    max: 100,
  });
});
