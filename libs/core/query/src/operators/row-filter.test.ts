import type { Column, FieldValue } from '@varve/model';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Expression } from '../plan/expression.ts';
import { RowFilter } from './row-filter.ts';

const SERIES = { seriesId: 1, key: 'm', tags: [] };
const FIELD: Expression = { kind: 'input', index: 0, type: 'float' };

/** Rows that pass, of one column. */
function passing(rowFilter: Expression, column: Column): number[] {
  const slice = { offsetsNs: new Float64Array(column.values.length), columns: [{ name: 'f', column }] };
  return [...new RowFilter({ rowFilter, filterColumns: [{ kind: 'field', name: 'f' }] }).rowsThatPass({ series: SERIES, slice })!];
}

test('a comparison with a number passes the same rows of an array of numbers as of any other', () => {
  const number = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.double(), fc.constantFrom(-0, NaN, Infinity));
  const bound = fc.oneof<fc.Arbitrary<FieldValue>[]>(number, fc.bigInt({ min: -3n, max: 2n ** 60n }));
  fc.assert(
    fc.property(fc.array(number, { maxLength: 9 }), bound, fc.constantFrom('=', '!=', '<', '<=', '>', '>='), fc.boolean(), (values, value, operator, isMirrored) => {
      const literal: Expression = { kind: 'literal', value, type: 'float' };
      const [left, right] = isMirrored ? [literal, FIELD] : [FIELD, literal];
      const column = { type: 'float', values: Float64Array.from(values) } as const;
      const all = { ...column, validity: new Uint8Array(2).fill(255) };
      expect(passing({ kind: 'binary', operator, left, right }, column)).toEqual(passing({ kind: 'binary', operator, left, right }, all));
    }),
  );
});

test('what a comparison with a number does not say passes no row', () => {
  const above: Expression = { kind: 'binary', operator: '>', left: FIELD, right: { kind: 'literal', value: 1, type: 'float' } };
  expect(passing(above, { type: 'string', values: ['2', '3'] })).toEqual([]);
  expect(passing(above, { type: 'boolean', values: Uint8Array.of(0, 1) })).toEqual([]);
  expect(passing(above, { type: 'integer', values: BigInt64Array.of(0n, 2n ** 60n) })).toEqual([1]);
  expect(passing(above, { type: 'float', values: Float64Array.of(2, 3), validity: Uint8Array.of(2) })).toEqual([1]);
});
