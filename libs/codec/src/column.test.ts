import fc from 'fast-check';
import { Prng } from '@varve/base';
import type { Column } from '@varve/model';
import { PROPERTY_DEFAULTS } from '@varve/testkit';
import { expect, test } from 'vitest';
import { decodeColumn, decodeColumnInto, encodeColumn } from './column.ts';
import { anyColumn, rowsOf } from './testing/columns.ts';
import { walk } from './testing/series.ts';

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

test('C1: many columns are decoded into one array, of which nothing behind the rows is touched', () => {
  const into = new Float64Array(800);
  fc.assert(
    fc.property(anyColumn, fc.nat({ max: 3 }), ({ column, rowCount }, bytesBefore) => {
      const bytes = encodeColumn(column, rowCount);
      const page = new Uint8Array(bytesBefore + bytes.length + 9).fill(0xee);
      page.set(bytes, bytesBefore);
      into.fill(7);
      const decoded = decodeColumnInto(page.subarray(bytesBefore, bytesBefore + bytes.length), rowCount, into);
      expect(rowsOf(decoded, rowCount)).toEqual(rowsOf(column, rowCount));
      expect(into.subarray(rowCount).every((value) => value === 7)).toBe(true);
    }),
    { ...PROPERTY_DEFAULTS, numRuns: 1_000 },
  );
});

test('C2: one odd value among decimals costs itself, and floats take their noise', () => {
  const random = new Prng(5);
  const sizeOf = (values: Float64Array): number => encodeColumn({ type: 'float', values }, values.length).length;
  const fraction = (): number => random.fraction() + random.fraction() / 2 ** 32;
  const rows = (of: () => number): Float64Array => Float64Array.from({ length: 360 }, of);

  const decimals = walk(random, 360, 100);
  const plain = sizeOf(decimals);
  decimals[100] = 1 / 3;
  expect(sizeOf(decimals) - plain).toBeLessThan(24);
  expect(sizeOf(rows(() => fraction() * 100)) / 360).toBeLessThan(6.95);
  expect(sizeOf(rows(() => Math.fround(fraction() * 100))) / 360).toBeLessThan(3.35);
  expect(sizeOf(rows(() => random.between(1, 4) / 3)) / 360).toBeLessThan(0.4);
  expect(sizeOf(rows(() => -0))).toBeLessThan(20);
});
