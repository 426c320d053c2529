import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addExact, addExactRange } from './exact-sum.ts';

test('QC6: a sum of integers is exact and wraps around at 64 bits', () => {
  const large = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
  const single = fc.oneof(fc.integer(), fc.maxSafeInteger(), large);
  fc.assert(
    fc.property(fc.array(single), fc.array(fc.maxSafeInteger()), fc.array(large), (singles, ranged, larges) => {
      let sum: number | bigint = 0;
      for (const each of singles) sum = addExact(sum, each);
      sum = addExact(sum, addExactRange(Float64Array.from(ranged), 0, ranged.length));
      sum = addExact(sum, addExactRange(BigInt64Array.from(larges), 0, larges.length));
      const exact = [...singles, ...ranged, ...larges].reduce<bigint>((total, each) => total + BigInt(each), 0n);
      expect(BigInt(sum)).toBe(BigInt.asIntN(64, exact));
    }),
  );
});
