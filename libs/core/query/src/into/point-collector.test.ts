import { LIMITS } from '@varve/config';
import { valueAt, type Cell, type FieldType, type PointBatch, type SeriesBlock, type TagSet } from '@varve/model';
import { expect, test } from 'vitest';
import type { IntoPlan } from './plan-into.ts';
import { PointCollector } from './point-collector.ts';

const FIELDS: IntoPlan['fields'] = (['float', 'integer', 'string', 'boolean'] satisfies FieldType[]).map((type, column) => ({ name: type, type, column }));

function planOf(measurement?: string): IntoPlan {
  return { database: 'd', retentionPolicy: 'p', measurement, fields: FIELDS, tags: [] };
}

function blockOf(name: string, tags: TagSet | undefined, rows: readonly (readonly Cell[])[]): SeriesBlock {
  const times = { ms: Float64Array.from(rows.keys()), subNs: Int32Array.from(rows, (_row, index) => index + 1) };
  return { name, tags, columns: ['time', ...FIELDS.map((field) => field.name)], times, cells: FIELDS.map((_field, column) => rows.map((row) => row[column] ?? null)), rowCount: rows.length, isPartial: false };
}

/** Points as texts: series key, time, fields. */
function textsOf({ series, tables }: PointBatch): string[] {
  return tables.flatMap(({ rowCount, seriesIndexes, times, columns }) =>
    Array.from({ length: rowCount }, (_row, row) => {
      const fields = columns.flatMap(({ name, column }) => (valueAt(column, row) === undefined ? [] : [`${name}=${typeof valueAt(column, row)}:${valueAt(column, row)}`]));
      return `${series[seriesIndexes[row]!]!.key} ${times.ms[row]}.${times.subNs[row]} ${fields.join(',')}`;
    }),
  );
}

test('IN1: nulls are left out, and rows of nothing else', () => {
  const points = new PointCollector(planOf());
  points.add(blockOf('m', undefined, [[1.5, null, 'a', true], [null, null, null, null], [null, 2, '', false], [Infinity, 3], [NaN]]));
  expect(points.rowCount).toBe(3);
  expect(textsOf(points.take())).toEqual(['m 0.1 float=number:1.5,string=string:a,boolean=boolean:true', 'm 2.3 integer=number:2,string=string:,boolean=boolean:false', 'm 3.4 integer=number:3']);
});

test('IN1: integers stay exact', () => {
  const points = new PointCollector(planOf());
  points.add(blockOf('m', undefined, [[null, 9_223_372_036_854_775_807n], [null, -1]]));
  expect(textsOf(points.take())).toEqual(['m 0.1 integer=bigint:9223372036854775807', 'm 1.2 integer=number:-1']);
});

test('IN1: tags without a value are none, and names are those of the target or of the source', () => {
  const rows = [[1]];
  const check = (measurement: string | undefined, expected: readonly string[]): void => {
    const points = new PointCollector(planOf(measurement));
    points.add(blockOf('m', [['a', ''], ['b', 'x y']], rows));
    points.add(blockOf('n', [['a', '1'], ['b', '']], rows));
    points.add(blockOf('m', [['a', ''], ['b', 'x y']], rows));
    expect(textsOf(points.take()), measurement).toEqual(expected);
  };

  check(undefined, ['m,b=x\\ y 0.1 float=number:1', 'm,b=x\\ y 0.1 float=number:1', 'n,a=1 0.1 float=number:1']);
  check('t,u', ['t\\,u,b=x\\ y 0.1 float=number:1', 't\\,u,a=1 0.1 float=number:1', 't\\,u,b=x\\ y 0.1 float=number:1']);
});

test('IN1: tags in columns stand beside those of the series', () => {
  const points = new PointCollector({ ...planOf(), fields: FIELDS.slice(0, 1), tags: [{ key: 'a', column: 2 }] });
  points.add(blockOf('m', [['b', '2']], [[1, null, 'x'], [2, null, null], [3, null, 'x']]));
  expect(textsOf(points.take())).toEqual(['m,a=x,b=2 0.1 float=number:1', 'm,b=2 1.2 float=number:2', 'm,a=x,b=2 2.3 float=number:3']);
});

test('IN1: a series key that no point can have has no points', () => {
  const check = (length: number, rowCount: number): void => {
    const points = new PointCollector(planOf('é'.repeat(length)));
    points.add(blockOf('m', undefined, [[1]]));
    expect(points.rowCount, `${length}`).toBe(rowCount);
    expect(points.take()).toMatchObject({ rowCount });
  };

  check(Math.floor(LIMITS.seriesKeySizeBytesMax / 2), 1);
  check(Math.floor(LIMITS.seriesKeySizeBytesMax / 2) + 1, 0);
});

test('IN1: what is collected is full by rows or by bytes, and empty once it is taken', () => {
  const points = new PointCollector(planOf());
  points.add(blockOf('m', undefined, Array.from({ length: LIMITS.intoRowCountMax - 1 }, () => [1])));
  expect(points.isFull).toBe(false);
  points.add(blockOf('m', undefined, [[1]]));
  expect(points.isFull).toBe(true);
  expect(points.take().rowCount).toBe(LIMITS.intoRowCountMax);
  expect([points.isFull, points.rowCount, points.sizeBytes]).toEqual([false, 0, 0]);
  points.add(blockOf('m', undefined, [[null, null, 'x'.repeat(LIMITS.intoSizeBytesMax)]]));
  expect(points.isFull).toBe(true);
  expect(points.take().series).toEqual([{ key: 'm', measurement: 'm' }]);
});
