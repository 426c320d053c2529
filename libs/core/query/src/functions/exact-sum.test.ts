import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ExactSum } from './exact-sum.ts';

test('QC6: a sum of integers is exact and wraps around at 64 bits', () => {
  const value = fc.oneof(fc.integer(), fc.maxSafeInteger(), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }));
  fc.assert(
    fc.property(fc.array(value), fc.array(fc.maxSafeInteger()), (single, ranged) => {
      const sum = new ExactSum();
      for (const each of single) sum.add(each);
      sum.addRange(Float64Array.from(ranged), 0, ranged.length);
      const exact = [...single, ...ranged].reduce<bigint>((total, each) => total + BigInt(each), 0n);
      expect(sum.total).toBe(BigInt.asIntN(64, exact));
    }),
  );
});
