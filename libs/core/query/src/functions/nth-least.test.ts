import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nthLeast } from './nth-least.ts';

test('the number at a rank is the one that sorting puts there', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 1, maxLength: 200 }), fc.nat(), (numbers, place) => {
      const rank = place % numbers.length;
      expect(nthLeast(Float64Array.from([...numbers, -100]), numbers.length, rank)).toBe(numbers.toSorted((left, right) => left - right)[rank]);
    }),
  );
});
