import type { Frame } from '@varve/frame';
import type { SeriesSlice } from '@varve/model';
import { expect, test } from 'vitest';
import { Memtable } from './memtable.ts';
import { readRows } from './rows.ts';
import { markOf } from './testing/arbitraries.ts';
import { cellsOf, frameOf, type TestRow } from './testing/frames.ts';
import { WantedFields } from './wanted-fields.ts';

const idsOf = ({ sections }: Frame): Uint32Array[] => sections.map(({ seriesKeys }) => Uint32Array.from(seriesKeys, (key) => Number(key.split('=')[1])));
const rowsAt = (seriesId: number, offsetsNs: number[], fields: TestRow['fields'] = { f: 1, i: 2 }): TestRow[] =>
  offsetsNs.map((offsetNs) => ({ key: `cpu,id=${seriesId}`, offsetNs, fields }));

function insert(memtable: Memtable, frame: Frame): void {
  memtable.insert(frame, idsOf(frame));
}

function memtableOf(...frames: readonly TestRow[][]): Memtable {
  const memtable = new Memtable();
  for (const [index, rows] of frames.entries()) insert(memtable, frameOf(markOf(index, 1_000 + index), rows));
  return memtable;
}

/** Field f of series 1. */
function read(memtable: Memtable, startOffsetNs: number, endOffsetNs: number): SeriesSlice | undefined {
  const wanted = new WantedFields(['f']);
  const rows = memtable.rowsOf(1, { startOffsetNs, endOffsetNs }, wanted);
  return rows && readRows([rows.unpack(wanted)]);
}

test('T4, F12: parts hold every row once, few cells each, one measurement, and series in order', () => {
  const long = rowsAt(1, [...Array(50).keys()]);
  const memtable = memtableOf([...rowsAt(2, [1, 2, 3]), ...long], rowsAt(1, [60, 70]), [{ key: 'mem,id=3', offsetNs: 1, fields: { s: 'x' } }]);
  const measured = Array.from(memtable.sorted(30), (parts) => [...parts]);
  expect(measured.map((parts) => parts.flatMap(({ seriesIds, starts }) => Array.from(seriesIds, (seriesId, block) => [seriesId, starts[block + 1]! - starts[block]!])))).toEqual([
    [[1, 10], [1, 10], [1, 10], [1, 10], [1, 10], [1, 2], [2, 3]],
    [[3, 1]],
  ]);
  for (const { offsetsNs } of measured.flat()) expect(offsetsNs.length * 3).toBeLessThanOrEqual(30);
});

test('rows of a series that came out of order, or twice, are in normal form', () => {
  const memtable = memtableOf(rowsAt(1, [5, 7]), rowsAt(2, [1]), rowsAt(1, [6, 7]));
  const [parts] = [...memtable.sorted(1_000)];
  const [rows] = [...parts!];
  expect([Array.from(rows!.seriesIds), Array.from(rows!.offsetsNs)]).toEqual([[1, 2], [5, 6, 7, 1]]);
});

test('a memtable that absorbed a newer one reads like both', () => {
  const [older, newer] = [memtableOf(rowsAt(1, [1, 2], { f: 1 })), new Memtable()];
  insert(newer, frameOf(markOf(9, 2_000), rowsAt(1, [2, 3], { f: 2 })));
  older.absorb(newer);
  const rows = read(older, 0, 10)!;
  expect([...cellsOf(rows)].map(([offsetNs, cells]) => [offsetNs, cells.get('f')])).toEqual([
    [1, 1],
    [2, 2],
    [3, 2],
  ]);
  expect(older.rowCount).toBe(4);
});

test('only rows in the range are read', () => {
  const memtable = memtableOf(rowsAt(1, [10, 20]), rowsAt(1, [30, 40]));
  const offsetsIn = (startOffsetNs: number, endOffsetNs: number): number[] => [...(read(memtable, startOffsetNs, endOffsetNs)?.offsetsNs ?? [])];
  expect(offsetsIn(0, 10)).toEqual([]);
  expect(offsetsIn(20, 30)).toEqual([20]);
  expect(offsetsIn(20, 31)).toEqual([20, 30]);
  expect(offsetsIn(40, 50)).toEqual([40]);
  expect(offsetsIn(41, 50)).toEqual([]);
});
