import type { MeasurementTable, TableSlice } from '@varve/model';
import { timeRange } from '@varve/model';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { knownSeriesOf, refusedSeries, seriesCountOf, seriesOf, withoutSeries, type OwnerSeries, type ShardSeries } from './limit-series.ts';
import type { ShardSlice } from './place-batch.ts';

const has = (seriesCount: number, ...unknown: readonly number[]): OwnerSeries => ({ seriesCount, unknown: new Set(unknown) });
const shard = (asked: readonly number[], answers: readonly (OwnerSeries | undefined)[], rememberedCount = 0): ShardSeries => ({ asked, answers, rememberedCount });

test('SL2: the first new series have what room there is, in the order of the batch', () => {
  const check = (limit: number, shards: readonly ShardSeries[], ...expected: readonly number[]): void =>
    expect([...refusedSeries(shards, limit)].sort((left, right) => left - right)).toEqual(expected);

  const five = [0, 1, 2, 3, 4];
  check(10, [shard(five, [has(7, 1, 2, 3, 4)])], 4); // 0 is known, three of the others fit
  check(10, [shard(five, [has(10, 0, 4)])], 0, 4); // full
  check(10, [shard(five, [has(12, 4)])], 4); // more than full
  check(10, [shard(five, [has(5, ...five)])]); // exactly full behind it
  check(10, [shard([], [has(10)])]);
  check(4, [shard([0, 3, 4], [has(1, 0, 3, 4)]), shard([1, 2], [has(0, 1, 2)])], 3, 4); // shards of a group share the room
});

test('SL3, SL4: known to one owner is known, and in doubt a series is accepted', () => {
  const check = (answers: readonly (OwnerSeries | undefined)[], ...expected: readonly number[]): void =>
    expect([...refusedSeries([shard([0, 1], answers)], 3)]).toEqual(expected);

  check([has(3, 0, 1), has(3, 0, 1)], 0, 1);
  check([has(3, 0, 1), has(3, 1)], 1); // one knows 0
  check([has(3, 0, 1), undefined]); // one is silent
  check([undefined, undefined]);
  check([has(2, 0, 1), has(3, 0, 1)], 0, 1); // the greatest number counts
});

test('a doubtful series takes no room of the others', () => {
  const doubtful = shard([0, 1], [undefined], 1);
  expect([...refusedSeries([doubtful, shard([2, 3], [has(1, 2, 3)])], 3)]).toEqual([3]);
});

test('what some owner has is known, whoever is silent', () => {
  const five = [0, 1, 2, 3, 4];
  const check = (answers: readonly (OwnerSeries | undefined)[], ...expected: readonly number[]): void => expect(knownSeriesOf(shard(five, answers))).toEqual(expected);

  check([has(9, 0, 1, 2)], 3, 4);
  check([has(9, 0, 1, 2), undefined, has(9, 1, 4)], 0, 2, 3, 4);
  check([undefined]);
  check([]);
});

test('the number of series is the greatest that an owner tells, or what was known before', () => {
  expect([
    seriesCountOf(shard([], [has(3), undefined, has(5)], 9)),
    seriesCountOf(shard([], [undefined], 9)),
    seriesCountOf(shard([], [has(0)], 9)),
  ]).toEqual([5, 9, 0]);
});

/** Each table's rows by series; some tables are whole, others have the rows at even places. */
function sliceOf(tables: readonly { readonly rows: readonly number[]; readonly isWhole: boolean }[]): ShardSlice {
  const slices: TableSlice[] = tables.map(({ rows, isWhole }, number) => ({
    table: tableOf(rows, `m${number}`),
    rowIndexes: isWhole ? undefined : Uint32Array.from([...rows.keys()].filter((row) => row % 2 === 0)),
  }));
  const rowCount = slices.reduce((sum, { table, rowIndexes }) => sum + (rowIndexes ?? table.seriesIndexes).length, 0);
  const group = { id: 1, range: timeRange(0n, 1n), replicaCount: 1, shards: [{ id: 2, owners: [3], epoch: 1 }] };
  return { shardId: 2, group, epoch: 1, owners: [3], replicaCount: 1, groupStartNs: 0n, rowCount, tables: slices };
}

function tableOf(rows: readonly number[], measurement: string): MeasurementTable {
  const times = { ms: new Float64Array(rows.length), subNs: new Int32Array(rows.length) };
  return { measurement, rowCount: rows.length, seriesIndexes: Uint32Array.from(rows), times, lineIndexes: Uint32Array.from(rows.keys()), columns: [] };
}

/** Which rows of which table, one by one. */
function rowsIn({ tables }: ShardSlice): readonly string[] {
  return tables.flatMap(({ table, rowIndexes }) => [...(rowIndexes ?? table.seriesIndexes.keys())].map((row) => `${table.measurement}[${row}] of ${table.seriesIndexes[row]}`));
}

const anyTables = fc.array(fc.record({ rows: fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 8 }), isWhole: fc.boolean() }), { maxLength: 3 });

test('a slice without some series has its other rows, in their order, and says how many', () => {
  fc.assert(
    fc.property(anyTables, fc.uniqueArray(fc.integer({ min: 0, max: 6 })), (tables, refused) => {
      const slice = sliceOf(tables);
      const rest = withoutSeries(slice, new Set(refused));
      const isKept = (row: string): boolean => !refused.includes(Number(row.split(' of ')[1]));
      expect(rowsIn(rest)).toEqual(rowsIn(slice).filter(isKept));
      expect(rest.rowCount).toBe(rowsIn(rest).length);
      expect(seriesOf(rest)).toEqual(seriesOf(slice).filter((series) => !refused.includes(series)));
      expect(rest.tables.every(({ rowIndexes }) => rowIndexes?.length !== 0)).toBe(true);
    }),
  );
});

test('a slice that has none of the series is the same one', () => {
  const slice = sliceOf([{ rows: [0, 1], isWhole: true }]);
  expect(withoutSeries(slice, new Set([2]))).toBe(slice);
  expect(seriesOf(sliceOf([{ rows: [5, 1, 5], isWhole: true }, { rows: [3, 9, 1], isWhole: false }]))).toEqual([1, 3, 5]);
});
