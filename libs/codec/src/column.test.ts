import fc from 'fast-check';
import { DbError, Prng } from '@varve/base';
import type { Column } from '@varve/model';
import { PROPERTY_DEFAULTS } from '@varve/testkit';
import { expect, test } from 'vitest';
import { decodeColumn, encodeColumn } from './column.ts';
import { anyColumn, rowsOf } from './testing/columns.ts';

test('C1: a column comes back with the very values, −0, NaN, int64 ends and odd texts included', () => {
  fc.assert(
    fc.property(anyColumn, ({ column, rowCount }) => {
      const decoded = decodeColumn(encodeColumn(column, rowCount), rowCount);
      expect(decoded.type).toBe(column.type);
      expect(decoded.values.length).toBe(rowCount);
      expect(rowsOf(decoded, rowCount)).toEqual(rowsOf(column, rowCount));
    }),
    { ...PROPERTY_DEFAULTS, numRuns: 2_000 },
  );
});

test('C1: only the first rows are encoded, from a view into a bigger buffer too', () => {
  const all = Float64Array.from({ length: 500 }, (_, row) => row * row);
  const column: Column = { type: 'integer', values: all.subarray(3) };
  const bytes = encodeColumn(column, 300);
  const shifted = new Uint8Array(bytes.length + 3);
  shifted.set(bytes, 3);
  expect(decodeColumn(shifted.subarray(3), 300).values).toEqual(all.slice(3, 303));
});

test('a column without any value keeps its type', () => {
  const check = (column: Column): void => {
    const decoded = decodeColumn(encodeColumn({ ...column, validity: new Uint8Array(2) }, 9), 9);
    expect(rowsOf(decoded, 9)).toEqual(new Array(9).fill(undefined));
    expect(decoded.type).toBe(column.type);
  };
  check({ type: 'float', values: new Float64Array(9) });
  check({ type: 'integer', values: new BigInt64Array(9) });
  check({ type: 'boolean', values: new Uint8Array(9) });
  check({ type: 'string', values: new Array<string>(9).fill('') });
});

test('C2: what repeats or moves evenly takes a few bytes', () => {
  const sizeOf = (column: Column): number => encodeColumn(column, column.values.length).length;
  const times = (of: (row: number) => number): Float64Array =>
    Float64Array.from({ length: 3_600 }, (_, row) => of(row));

  expect(sizeOf({ type: 'integer', values: times(() => 42) })).toBeLessThanOrEqual(5);
  expect(sizeOf({ type: 'float', values: times(() => 0.5) })).toBeLessThanOrEqual(6);
  expect(sizeOf({ type: 'boolean', values: new Uint8Array(3_600).fill(1) })).toBeLessThanOrEqual(6);
  expect(sizeOf({ type: 'string', values: new Array<string>(3_600).fill('running') })).toBeLessThanOrEqual(20);
  expect(sizeOf({ type: 'integer', values: times((row) => row * 1_000) })).toBeLessThanOrEqual(10);
  expect(sizeOf({ type: 'integer', values: times((row) => Math.floor(row / 100)) })).toBeLessThanOrEqual(100);
});

test('C2: one value far off its neighbours costs its own block only', () => {
  const values = Float64Array.from({ length: 1_280 }, (_, row) => (row * 7) % 5);
  const plain = encodeColumn({ type: 'integer', values }, 1_280).length;
  values[500] = 2 ** 40;
  expect(encodeColumn({ type: 'integer', values }, 1_280).length - plain).toBeLessThan(2 * 128 * 5);
});

test('C3: damaged bytes are decoded to something or refused, never worse', () => {
  let refusedCount = 0;
  const random = new Prng(7);
  fc.assert(
    fc.property(anyColumn, ({ column, rowCount }) => {
      const bytes = encodeColumn(column, rowCount);
      for (let round = 0; round < 40; round += 1) refusedCount += isRefused(damaged(bytes, random), rowCount);
    }),
    { ...PROPERTY_DEFAULTS, numRuns: 1_000 },
  );
  expect(refusedCount).toBeGreaterThan(10_000);
});

function isRefused(bytes: Uint8Array, rowCount: number): number {
  try {
    expect(decodeColumn(bytes, rowCount).values.length).toBe(rowCount);
    return 0;
  } catch (error) {
    if (!(error instanceof DbError)) throw error;
    expect(error.code).toBe('CHUNK_INVALID');
    return 1;
  }
}

/** Flipped bits, other bytes, cut ends, bytes behind the end. */
function damaged(bytes: Uint8Array, random: Prng): Uint8Array {
  const copy = bytes.slice(0, random.chance(0.3) ? random.between(0, bytes.length) : bytes.length);
  if (random.chance(0.1)) return Uint8Array.of(...copy.subarray(0, 1_000), random.between(0, 255));
  // The first bytes say how the others are read: they are hit more often.
  for (let hit = random.between(1, 3); hit > 0 && copy.length > 0; hit -= 1) {
    const at = random.between(0, Math.min(copy.length, random.chance(0.5) ? 12 : copy.length) - 1);
    copy[at] = random.chance(0.5) ? copy[at]! ^ (1 << random.between(0, 7)) : random.between(0, 255);
  }
  return copy;
}
