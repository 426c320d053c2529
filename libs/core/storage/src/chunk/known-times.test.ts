import fc from 'fast-check';
import { expect, test } from 'vitest';
import { KnownTimes } from './known-times.ts';
import { encodeNumbers } from './numbers.ts';

test('times are those that were packed, whoever read others before', () => {
  const steps = fc.record({ first: fc.nat(1_000_000), step: fc.integer({ min: 1, max: 4 }), rowCount: fc.integer({ min: 1, max: 5 }) });
  fc.assert(
    fc.property(fc.array(steps, { minLength: 100, maxLength: 300 }), (pages) => {
      const known = new KnownTimes();
      for (const { first, step, rowCount } of pages) {
        const times = Float64Array.from({ length: rowCount }, (_, row) => first + row * step);
        expect(known.of(encodeNumbers(times), rowCount)).toEqual(times);
      }
    }),
    { numRuns: 20 },
  );
});

test('equal bytes for another number of rows are other times', () => {
  const known = new KnownTimes();
  const packed = encodeNumbers(Float64Array.of(5, 7, 9));
  expect(known.of(packed, 3)).toHaveLength(3);
  expect(known.of(packed, 4)).toEqual(Float64Array.of(5, 7, 9, 11));
  expect(known.of(packed, 3), 'once more').toEqual(Float64Array.of(5, 7, 9));
});

test('times that do not ascend, are there twice, take many bytes or are many are not known', () => {
  const known = new KnownTimes();
  expect(known.of(encodeNumbers(Float64Array.of(9, 8, 7)), 3)).toBeUndefined();
  expect(known.of(encodeNumbers(Float64Array.of(7, 7, 7)), 3)).toBeUndefined();
  expect(known.of(encodeNumbers(Float64Array.from({ length: 100 }, (_, row) => row * row * row)), 100)).toBeUndefined();
  expect(known.of(encodeNumbers(Float64Array.from({ length: 2_000 }, (_, row) => row)), 2_000)).toBeUndefined();
});

test('what its caller does with the packed bytes afterwards changes nothing', () => {
  const known = new KnownTimes();
  const packed = encodeNumbers(Float64Array.of(1, 2, 3));
  const before = packed.slice();
  known.of(packed, 3);
  packed.fill(0);
  expect(known.of(before, 3)).toEqual(Float64Array.of(1, 2, 3));
});
