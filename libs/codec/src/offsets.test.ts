import fc from 'fast-check';
import { DbError } from '@varve/base';
import { PROPERTY_DEFAULTS } from '@varve/testkit';
import { expect, test } from 'vitest';
import { decodeOffsets, encodeOffsets } from './offsets.ts';
import { decodeOrdinals, encodeOrdinals } from './ordinals.ts';

const DAYS_90_NS = 90 * 86_400 * 1e9;

test('C1: ascending offsets come back exactly, in every unit', () => {
  const steps = fc.oneof(
    fc.array(fc.integer({ min: 0, max: 1_000 })),
    fc.array(fc.constantFrom(10, 10, 10, 11, 9)),
    fc.array(fc.integer({ min: 0, max: 2 ** 31 })),
  );
  fc.assert(
    fc.property(
      steps,
      fc.constantFrom(1, 1e3, 1e6, 1e9),
      fc.integer({ min: 0, max: 86_400 }),
      (items, unit, startS) => {
        let offset = startS * 1e9;
        const offsets = Float64Array.from(
          items,
          (item) => (offset = Math.min(offset + item * unit, Number.MAX_SAFE_INTEGER)),
        );
        expect(decodeOffsets(encodeOffsets(offsets), offsets.length)).toEqual(offsets);
      },
    ),
    { ...PROPERTY_DEFAULTS, numRuns: 1_000 },
  );
});

test('C1: random nanoseconds over the widest window come back exactly', () => {
  fc.assert(
    fc.property(fc.float64Array({ min: 0, max: DAYS_90_NS, noNaN: true }), (raw) => {
      const offsets = raw.map((offset) => Math.abs(Math.floor(offset))).sort();
      expect(decodeOffsets(encodeOffsets(offsets), offsets.length)).toEqual(offsets);
    }),
    PROPERTY_DEFAULTS,
  );
});

test('C2: a constant step takes few bytes, whatever the number of rows', () => {
  const everyTenSeconds = Float64Array.from({ length: 10_000 }, (_, row) => 3_600e9 + row * 10e9);
  expect(encodeOffsets(everyTenSeconds).length).toBeLessThanOrEqual(15);
});

test('C3: offsets that do not ascend and bytes behind the end are refused', () => {
  const bytes = encodeOffsets(Float64Array.of(1, 5, 6));
  expect(() => decodeOffsets(Uint8Array.of(...bytes, 0), 3)).toThrow(DbError);
  expect(() => decodeOffsets(bytes.subarray(0, bytes.length - 1), 3)).toThrow(DbError);
  expect(() => decodeOffsets(encodeOrdinals(Uint32Array.of(5, 4, 9)), 3)).toThrow('offsets do not ascend');
});

test('C1: ordinals come back exactly, and runs of them are small', () => {
  fc.assert(
    fc.property(fc.uint32Array({ maxLength: 300 }), (ordinals) => {
      expect(decodeOrdinals(encodeOrdinals(ordinals), ordinals.length)).toEqual(ordinals);
    }),
    PROPERTY_DEFAULTS,
  );
  const twoFrames = Uint32Array.from({ length: 10_000 }, (_, row) => (row < 4_000 ? 17 : 18));
  expect(encodeOrdinals(twoFrames).length).toBeLessThan(30);
});

test('C3: ordinals outside uint32 are refused', () => {
  expect(() => decodeOrdinals(encodeOffsets(Float64Array.of(1, 2 ** 40)), 2)).toThrow('outside uint32');
});
