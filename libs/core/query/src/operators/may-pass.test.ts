import type { SeriesSummaries } from '@varve/model';
import { summaryColumns } from '@varve/model/testing';
import { expect, test } from 'vitest';
import type { Expression } from '../plan/expression.ts';
import { mayPassOf } from './may-pass.ts';

const COLUMNS = [
  { kind: 'field', name: 'x' },
  { kind: 'tag', name: 'host' },
] as const;

const x: Expression = { kind: 'input', index: 0, type: 'float' };
const host: Expression = { kind: 'input', index: 1, type: 'string' };
const number = (value: number | bigint): Expression => ({ kind: 'literal', value, type: 'float' });
const binary = (left: Expression, operator: '<' | '<=' | '>' | '>=' | '=' | '!=' | 'AND' | 'OR', right: Expression): Expression => ({ kind: 'binary', operator, left, right });

/** Rows whose x lie within 10 and 20. */
const BETWEEN: SeriesSummaries['fields'] = [
  { name: 'x', type: 'float', summaries: summaryColumns({ nullCount: 0, firstNs: 0, lastNs: 0, numbers: { first: 10, last: 20, min: 10, max: 20, minNs: 0, maxNs: 0, sum: 30, sumRest: 0 } }) },
];

test('rows are passed over only where no value can pass', () => {
  const check = (rowFilter: Expression, expected: boolean | undefined): void => expect(mayPassOf({ rowFilter, filterColumns: COLUMNS })?.(BETWEEN, 0), JSON.stringify(rowFilter, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value))).toBe(expected);

  check(binary(x, '>', number(20)), false);
  check(binary(x, '>', number(19)), true);
  check(binary(x, '>=', number(20)), true);
  check(binary(x, '<', number(10)), false);
  check(binary(x, '<=', number(10n)), true);
  check(binary(x, '=', number(15)), true);
  check(binary(x, '=', number(21n)), false);
  check(binary(number(20), '<', x), false); // mirrored
  check(binary(number(10), '>=', x), true);
  check(binary(binary(x, '>', number(20)), 'OR', binary(x, '<', number(11))), true);
  check(binary(binary(x, '>', number(20)), 'OR', binary(x, '<', number(10))), false);
  const among = (...values: (number | bigint)[]): Expression => values.map((value) => binary(x, '=', number(value))).reduce((left, right) => binary(left, 'OR', right));
  check(among(9, 15n, 21), true);
  check(among(21n, 20, 9), true);
  check(among(9, 21n, 9.9, 2n ** 60n), false);
  check(among(9, NaN), false);
  check(binary(among(9, 21), 'OR', binary(x, '<', number(11))), true);
  check(binary(among(9, 21), 'OR', binary(x, '=', { kind: 'literal', value: 'a', type: 'string' })), undefined);
  check(binary(among(9, 21), 'OR', binary(host, '=', number(1))), undefined);
  check(binary(binary(x, '>', number(5)), 'AND', binary(x, '>', number(20))), false);
  check(binary(binary(host, '=', number(1)), 'AND', binary(x, '>', number(20))), false); // of the tag nothing is known

  const pairs = (from: number, count: number, besides: Expression): Expression => Array.from({ length: count }, (_, index) => binary(binary(x, '=', number(from + index)), 'AND', besides)).reduce((left, right) => binary(left, 'OR', right));
  check(pairs(21, 1_001, binary(x, '>', number(5))), false);
  check(pairs(20, 1_001, binary(x, '>', number(5))), true);
  check(pairs(20, 1_000, binary(x, '>', number(20))), false);
  check(pairs(20, 1_001, binary(x, '>', number(20))), true); // too many to ask each
  const thresholds = (count: number): Expression => Array.from({ length: count }, (_, index) => binary(x, '>', number(20 + index))).reduce((left, right) => binary(left, 'OR', right));
  check(thresholds(1_000), false);
  check(thresholds(1_001), undefined);

  // What would never say no is nothing to ask.
  check(binary(x, '!=', number(15)), undefined);
  check(binary(host, '=', number(1)), undefined);
  check(binary(binary(host, '=', number(1)), 'OR', binary(x, '>', number(20))), undefined);
  check(x, undefined);
});

test('a field without cells passes no comparison, one without numbers may pass any', () => {
  const mayPass = mayPassOf({ rowFilter: binary(x, '>', number(20)), filterColumns: COLUMNS })!;
  expect(mayPass([], 0)).toBe(false);
  expect(mayPass([{ name: 'x', type: 'string', summaries: summaryColumns({ nullCount: 0, firstNs: 0, lastNs: 0, numbers: undefined }) }], 0)).toBe(true);
});
