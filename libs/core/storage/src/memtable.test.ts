import { expect, test } from 'vitest';
import { decodeChunkHeader } from './chunk-header.ts';
import { encodeRows } from './encode-rows.ts';
import { gatherRows } from './gather-rows.ts';
import { Memtable } from './memtable.ts';
import { mergeRows, type VersionedRows } from './rows.ts';
import { markOf } from './testing/arbitraries.ts';
import { cellsOf, frameOf, type TestRow } from './testing/frames.ts';

const idOf = (key: string): number => Number(key.split('=')[1]);
const rowsAt = (seriesId: number, offsetsNs: number[], fields: TestRow['fields'] = { f: 1, i: 2 }): TestRow[] =>
  offsetsNs.map((offsetNs) => ({ key: `cpu,id=${seriesId}`, offsetNs, fields }));

function memtableOf(...frames: readonly TestRow[][]): Memtable {
  const memtable = new Memtable();
  for (const [index, rows] of frames.entries()) memtable.insert(frameOf(markOf(index, 1_000 + index), rows), idOf);
  return memtable;
}

test('T4, F12: batches hold every row once, few cells each, and one measurement', () => {
  const long = rowsAt(1, [...Array(50).keys()]);
  const memtable = memtableOf([...rowsAt(2, [1, 2, 3]), ...long], rowsAt(1, [60, 70]), [
    { key: 'mem,id=3', offsetNs: 1, fields: { s: 'x' } },
  ]);
  const counts = new Map<number, number>();
  for (const batch of memtable.batches(30)) {
    const rowCounts = batch.map(({ pieces }) =>
      pieces.reduce((sum, { startRow, endRow }) => sum + endRow - startRow, 0),
    );
    expect(rowCounts.reduce((sum, count) => sum + count, 0) * 3).toBeLessThanOrEqual(30);
    expect(new Set(batch.map(({ seriesId }) => seriesId === 3)).size).toBe(1);
    for (const [index, { seriesId }] of batch.entries())
      counts.set(seriesId, (counts.get(seriesId) ?? 0) + rowCounts[index]!);
  }
  expect(counts).toEqual(
    new Map([
      [2, 3],
      [1, 52],
      [3, 1],
    ]),
  );
});

test('a memtable that absorbed a newer one reads like both', () => {
  const [older, newer] = [memtableOf(rowsAt(1, [1, 2], { f: 1 })), new Memtable()];
  newer.insert(frameOf(markOf(9, 2_000), rowsAt(1, [2, 3], { f: 2 })), idOf);
  older.absorb(newer);
  const rows = older.read(1, { startOffsetNs: 0, endOffsetNs: 10 }, new Set(['f']))!;
  expect([...cellsOf(rows)].map(([offsetNs, cells]) => [offsetNs, cells.get('f')])).toEqual([
    [1, 1],
    [2, 2],
    [3, 2],
  ]);
  expect(older.rowCount).toBe(4);
});

test('frames outside of the range are not looked at', () => {
  const memtable = memtableOf(rowsAt(1, [10, 20]), rowsAt(1, [30, 40]));
  const offsetsIn = (startOffsetNs: number, endOffsetNs: number): number[] => [
    ...(memtable.read(1, { startOffsetNs, endOffsetNs }, new Set(['f']))?.offsetsNs ?? []),
  ];
  expect(offsetsIn(0, 10)).toEqual([]);
  expect(offsetsIn(20, 30)).toEqual([10, 20]);
  expect(offsetsIn(40, 50)).toEqual([30, 40]);
  expect(offsetsIn(41, 50)).toEqual([]);
});

function gathered(rows: TestRow[]): VersionedRows {
  const { header, sections } = frameOf(markOf(0, 1_000), rows);
  return mergeRows(
    gatherRows([
      [
        {
          segment: { rows: sections[0]!.rows, version: header.version },
          startRow: 0,
          endRow: sections[0]!.rows.rowCount,
        },
      ],
    ]),
  );
}

test('F12: rows are cut into chunks of at most 4,096 rows, about equal, and of bounded text', () => {
  const check = (rows: TestRow[], expected: number[]): void => {
    const chunks = [...encodeRows(1, gathered(rows))];
    expect(chunks.map(({ rowCount }) => rowCount)).toEqual(expected);
    expect(chunks.map(({ chunk }) => decodeChunkHeader(chunk.header).rowCount)).toEqual(expected);
  };
  const times = (count: number): number[] => [...Array(count).keys()];

  check(rowsAt(1, times(4_096)), [4_096]);
  check(rowsAt(1, times(4_097)), [2_048, 2_049]);
  check(rowsAt(1, times(10_000)), [2_500, 2_500, 2_500, 2_500]);
  check(rowsAt(1, times(4), { s: 'x'.repeat(64 * 1_024) }), [4]);
  check(rowsAt(1, times(5), { s: 'x'.repeat(64 * 1_024) }), [2, 3]);
  check(rowsAt(1, times(2), { s: 'x'.repeat(300 * 1_024) }), [1, 1]); // one row is never cut
});
