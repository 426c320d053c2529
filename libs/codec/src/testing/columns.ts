import fc from 'fast-check';
import type { Column } from '@varve/model';
import { bitmapOf } from '../bits.ts';

/** Rows as a test sees them: the value, or undefined where there is none. −0 is told apart from 0. */
export function rowsOf(column: Column, rowCount: number): unknown[] {
  return Array.from({ length: rowCount }, (_, row) => {
    const { validity } = column;
    if (validity !== undefined && ((validity[row >> 3]! >> (row & 7)) & 1) === 0) return undefined;
    return column.values[row];
  });
}

const rowCounts = fc.oneof(fc.integer({ min: 0, max: 8 }), fc.integer({ min: 0, max: 700 }));
const safe = fc.maxSafeInteger();

/** Small numbers around 0, wider at some times than at others: what a prefix code suits. */
const bells = fc
  .tuple(fc.constantFrom(1, 1, 1, 20), fc.array(fc.integer({ min: -1, max: 1 }), { minLength: 4, maxLength: 4 }))
  .map(([scale, parts]) => scale * parts.reduce((sum, part) => sum + part, 0));

/** Shapes of integers that lead to each of the encoder's forms. */
const integers = (count: number): fc.Arbitrary<number[]> => {
  const step = (values: readonly number[]): number[] => {
    let sum = 0;
    return values.map((value) => (sum += value));
  };
  const many = (item: fc.Arbitrary<number>): fc.Arbitrary<number[]> =>
    fc.array(item, { minLength: count, maxLength: count });
  return fc.oneof(
    many(bells).map((values) => values.map((value) => value * 1_000)),
    many(bells).map(step),
    many(bells).map(step).map(step),
    many(
      fc.oneof(
        { weight: 40, arbitrary: bells },
        safe.map((value) => Math.floor(value / 1_024)),
      ),
    ).map(step),
    many(fc.oneof({ weight: 40, arbitrary: bells }, safe)),
    many(bells.map((value) => value + 1_000_000)).map(step),
    many(safe),
    many(fc.integer({ min: -9, max: 90 })),
    many(fc.integer({ min: -3, max: 3 })).map(step),
    many(fc.integer({ min: 0, max: 2 }))
      .map(step)
      .map(step),
    many(fc.integer({ min: -(2 ** 31), max: 2 ** 31 })).map((values) => values.map((value) => value * 10_000)),
    many(fc.constantFrom(7, 7, 7, 7, 7, 7, 7, Number.MIN_SAFE_INTEGER)).map((values) => values.sort()),
    fc.tuple(safe, fc.integer({ min: 0, max: 50_000 })).map(([start, by]) => {
      const first = Math.min(start, Number.MAX_SAFE_INTEGER - by * count);
      return Array.from({ length: count }, (_, row) => first + by * row);
    }),
  );
};

const int64 = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.constantFrom(-(2n ** 63n), 2n ** 63n - 1n, 0n, -1n),
  fc.bigInt({ min: 0n, max: 1_000n }).map((near) => 1_700_000_000_000_000_000n + near),
);
const float64 = fc.oneof(
  fc.double(),
  fc.constantFrom(-0, 0, 5e-324, -5e-324, Number.MAX_VALUE, 0.1 + 0.2, 1e22),
  fc.integer({ min: -10_000, max: 10_000 }).map((cents) => cents / 100),
);
const texts = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.string({ unit: 'grapheme', maxLength: 20 }),
  fc.constantFrom('', 'on', 'off', '\ud800', '\ufeffbom', 'a\0b'),
);

/** Any column with its number of rows, with and without nulls. */
export const anyColumn: fc.Arbitrary<{ readonly column: Column; readonly rowCount: number }> = rowCounts.chain(
  (rowCount) => {
    const size = { minLength: rowCount, maxLength: rowCount };
    const values = fc.oneof<fc.Arbitrary<Column>[]>(
      integers(rowCount).map((items) => ({ type: 'integer', values: Float64Array.from(items) })),
      fc.array(int64, size).map((items) => ({ type: 'integer', values: BigInt64Array.from(items) })),
      fc.array(float64, size).map((items) => ({ type: 'float', values: Float64Array.from(items) })),
      integers(rowCount).map((items) => ({ type: 'float', values: Float64Array.from(items, (item) => item / 100) })),
      fc
        .array(fc.integer({ min: 0, max: 1 }), size)
        .map((items) => ({ type: 'boolean', values: Uint8Array.from(items) })),
      fc.constant({ type: 'boolean', values: new Uint8Array(rowCount).fill(1) }),
      fc.array(texts, size).map((items) => ({ type: 'string', values: items })),
      fc.array(fc.constantFrom('on', 'off'), size).map((items) => ({ type: 'string', values: items })),
    );
    const present = fc.oneof(fc.constant(undefined), fc.array(fc.boolean(), size));
    return fc.tuple(values, present).map(([column, bits]) => ({
      rowCount,
      column: bits === undefined ? column : { ...column, validity: bitmapOf(rowCount, (row) => bits[row]!) },
    }));
  },
);
