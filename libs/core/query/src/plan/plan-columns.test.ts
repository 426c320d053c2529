import { expect, test } from 'vitest';
import { PlanColumns } from './plan-columns.ts';

test('a name with a cast is a column of its own, and each is one', () => {
  const columns = new PlanColumns(new Map([['v', 'float'], ['i', 'integer']]));
  const indexOf = (name: string, type?: 'integer' | 'tag'): number => columns.indexOf({ kind: 'variable', name, type });
  expect([indexOf('v'), indexOf('i'), indexOf('v', 'integer'), indexOf('v'), indexOf('v', 'integer'), indexOf('host', 'tag')]).toEqual([0, 1, 2, 0, 2, 3]);
  expect(columns.all).toEqual([{ name: 'v', type: 'float' }, { name: 'i', type: 'integer' }, { name: 'v', type: 'integer' }, { name: 'host', type: 'string' }]);
  expect([0, 1, 2, 3].map((index) => columns.typeAt(index))).toEqual(columns.all.map(({ type }) => type));
});

test('as many columns as a text can name are no more work each than a few', () => {
  const columns = new PlanColumns(new Map());
  // Held against each other, they would take minutes.
  for (let count = 0; count < 300_000; count += 1) expect(columns.typeAt(columns.indexOf({ kind: 'variable', name: `f${count}`, type: undefined }))).toBe('string');
});
