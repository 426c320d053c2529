import { expect, test } from 'vitest';
import type { Cell } from '@varve/model';
import type { SelectStatement } from './influxql/ast.ts';
import { MATH_FUNCTIONS } from './influxql/math-functions.ts';
import { planQuery } from './plan/plan-query.ts';
import { needsTagKeys } from './plan/select-sources.ts';
import { answerOf, parseOne, schemaOf, TEST_DATABASE } from './testing/memory-engine.ts';
import { parseTestLines } from './testing/test-lines.ts';

const POINTS = parseTestLines(
  ['m f=0,i=-7i 1', 'm f=710,i=-9007199254740993i 2', 'm f=-1,i=-9223372036854775808i 3', 'm f=1,i=9223372036854775807i 4'].join('\n'),
);

async function cellsOf(fields: string, where = ''): Promise<readonly (readonly Cell[])[]> {
  const { series, error } = await answerOf(`SELECT ${fields} FROM m ${where}`, POINTS);
  expect(error).toBe(undefined);
  return (series?.[0]?.values ?? []).map(([, ...cells]) => cells as Cell[]);
}

// InfluxDB 1.6.7 leaves integers as they are under abs(); everything else about it is in math-answers.json.
test('abs() of integers is exact, and wraps around at the least one', async () => {
  expect(await cellsOf('abs(i)')).toEqual([[7], [9_007_199_254_740_993n], [-(2n ** 63n)], [2n ** 63n - 1n]]);
  expect(await cellsOf('abs(min(i)), abs(-7) + i', 'WHERE i > -8')).toEqual([[7, 0]]);
  expect(await cellsOf('abs(min(i))', 'WHERE time = 2')).toEqual([[9_007_199_254_740_993n]]);
  expect(await cellsOf('f', 'WHERE abs(i) = 9007199254740993')).toEqual([[710]]);
  expect(await cellsOf('f', 'WHERE abs(i) / 2 = 3')).toEqual([[0]]);
  expect(await cellsOf('f + abs(-9223372036854775807)', 'WHERE time = 1')).toEqual([[2 ** 63]]);
});

test('what is infinite can be asked for, and what is no number is null', async () => {
  expect(await cellsOf('exp(f), ln(f)', 'WHERE f >= 0')).toEqual([
    [1, -Infinity],
    [Infinity, Math.log(710)],
    [Math.E, 0],
  ]);
  expect(await cellsOf('sqrt(f), abs(sqrt(f)), pow(0, f) - pow(0, f)', 'WHERE f < 0')).toEqual([[null, null, null]]);
  expect(await cellsOf('f', 'WHERE ln(f) < -1000 OR exp(f) > 1000')).toEqual([[0], [710]]);
});

test('functions round and raise as Go does', () => {
  const apply = (name: string, first: number, second = 0): number => MATH_FUNCTIONS.get(name)!.apply(first, second);

  expect([0.49999999999999994, 0.5, -0.5, 2.5, -2.5, 4503599627370497, Infinity].map((value) => apply('round', value))).toEqual([
    ...[0, 1, -1, 3, -3, 4503599627370497, Infinity],
  ]);
  expect(apply('round', -0.2)).toBe(-0);
  expect(apply('round', NaN)).toBe(NaN);
  expect([apply('pow', 1, NaN), apply('pow', -1, -Infinity), apply('pow', NaN, 0), apply('pow', 0, -1)]).toEqual([1, 1, 1, Infinity]);
  expect(apply('pow', -8, 1 / 3)).toBe(NaN);
});

test('QC7: a function of single rows leaves the limit with the shards', () => {
  const context = { nowNs: 0n, database: TEST_DATABASE, retentionPolicy: undefined, schema: schemaOf(POINTS) };
  const plan = planQuery(parseOne('SELECT abs(f) + 1 FROM m LIMIT 2 OFFSET 1') as SelectStatement, { ...context, limits: { selectBucketCountMax: 0, windowCountMax: 1 } });

  expect(plan).toMatchObject({ sources: [{ shardPlan: { output: { kind: 'rows', rowCountMax: 3 } } }] });
});

test('what stands for tags is known in parentheses, too', () => {
  const needs = (query: string): boolean => needsTagKeys(parseOne(query) as SelectStatement);

  expect([needs('SELECT (*) FROM m'), needs('SELECT f FROM m GROUP BY (*)')]).toEqual([true, true]);
  expect([needs('SELECT abs(*) FROM m'), needs('SELECT (f) FROM m GROUP BY (t)')]).toEqual([false, false]);
});
