import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { HeldPieces } from './held-pieces.ts';
import { Memtable } from './memtable.ts';
import { readRows, type OffsetRange } from './rows.ts';
import { markOf } from './testing/arbitraries.ts';
import { cellsOf, frameOf, type TestRow } from './testing/frames.ts';
import { NaiveShard } from './testing/naive-shard.ts';
import { WantedFields } from './wanted-fields.ts';

const KEY = 'cpu,host=a';
const OTHER_KEY = 'cpu,host=b';
const EVERYTHING: OffsetRange = { startOffsetNs: -Infinity, endOffsetNs: Infinity };

/** Frames of these rows, the series of KEY being number 1. */
function memtableOf(frames: readonly (readonly TestRow[])[], naive = new NaiveShard()): Memtable {
  const memtable = new Memtable();
  for (const [index, rows] of frames.entries()) {
    const mark = markOf(index, 1_000 + ((index * 7) % 5));
    const frame = frameOf(mark, rows);
    memtable.insert(frame, frame.sections.map(({ seriesKeys }) => Uint32Array.from(seriesKeys, (key) => (key === KEY ? 1 : 2))));
    naive.write(mark.version, rows);
  }
  return memtable;
}

const rowsAt = (times: readonly number[], fields: (offsetNs: number) => TestRow['fields'] = (offsetNs) => ({ f: offsetNs }), key = KEY): TestRow[] =>
  times.map((offsetNs) => ({ key, offsetNs, fields: fields(offsetNs) }));

const held = (frames: readonly (readonly number[])[], range = EVERYTHING): HeldPieces | undefined =>
  memtableOf(frames.map((times) => [...rowsAt(times), ...rowsAt([0, 100], undefined, OTHER_KEY)])).rowsOf(1, range, new WantedFields(undefined));

/** Times of each piece. */
function timesOf({ pieces }: HeldPieces): number[][] {
  return pieces.map(({ segment, startRow, endRow }) => Array.from({ length: endRow - startRow }, (_, row) => segment.rows.offsetAt(startRow + row)));
}

test('pieces that overlap are cut where one has to wait for another', () => {
  const check = (frames: number[][], pieces: number[][]): void => {
    const rows = held(frames)!;
    expect(timesOf(rows)).toEqual(pieces);
    expect([rows.isAscending, rows.rowCount, rows.minNs, rows.maxNs]).toEqual([true, pieces.flat().length, pieces[0]![0], pieces.at(-1)!.at(-1)]);
  };
  check([[1, 2], [3, 4]], [[1, 2], [3, 4]]);
  check([[3, 4], [1, 2]], [[1, 2], [3, 4]]); // the order of arrival does not matter
  check([[1, 2, 3, 7, 8, 9], [5], [10]], [[1, 2, 3], [5], [7, 8, 9], [10]]);
  check([[5, 6, 20], [1, 30], [7]], [[1], [5, 6], [7], [20], [30]]);
});

test('pieces stay whole where a time occurs twice, and where rows would be cut one by one', () => {
  const check = (frames: number[][], pieces: number[][]): void => {
    const rows = held(frames)!;
    expect(timesOf(rows)).toEqual(pieces);
    expect([rows.isAscending, rows.minNs, rows.maxNs]).toEqual([false, Math.min(...frames.flat()), Math.max(...frames.flat())]);
  };
  check([[1, 5, 9], [5, 6]], [[1, 5, 9], [5, 6]]);
  check([[4, 9], [1, 4]], [[1, 4], [4, 9]]);
  const [even, odd] = [0, 1].map((first) => Array.from({ length: 20 }, (_, index) => 2 * index + first));
  check([odd!, even!], [even!, odd!]);
});

test('of a range only its rows are held, of sections with any of the fields', () => {
  expect(held([[1, 2, 3], [4, 5, 6]], { startOffsetNs: 2, endOffsetNs: 5 })).toMatchObject({ rowCount: 3, minNs: 2, maxNs: 4 });
  expect(held([[1, 9]], { startOffsetNs: 2, endOffsetNs: 9 })).toBeUndefined();
  const memtable = memtableOf([rowsAt([1, 2]), rowsAt([3], () => ({ i: 1 })), rowsAt([4], () => ({ i: 1, f: 2 }))]);
  expect(timesOf(memtable.rowsOf(1, EVERYTHING, new WantedFields(['f']))!)).toEqual([[1, 2], [4]]);
  expect(memtable.rowsOf(1, EVERYTHING, new WantedFields(['s']))).toBeUndefined();
});

// Methodology: up to 30 frames with any rows of two series, many of them late, twice or of other fields than those beside them;
// any range and fields, against a list of cells.
const anyFields = fc.record(
  { f: fc.double({ noNaN: true }), i: fc.oneof(fc.integer(), fc.bigInt({ min: -(2n ** 63n), max: -(2n ** 60n) })), b: fc.boolean(), s: fc.constantFrom('', 'x', 'é') },
  { requiredKeys: [] },
).filter((fields) => Object.keys(fields).length > 0);
const anyRow = (timeMax: number): fc.Arbitrary<TestRow> =>
  fc.record({ key: fc.constantFrom(KEY, KEY, OTHER_KEY), offsetNs: fc.integer({ min: 0, max: timeMax }), fields: anyFields as fc.Arbitrary<TestRow['fields']> });
const anyFrames = fc.constantFrom(20, 1_000, 1e9).chain((timeMax) => fc.array(fc.array(anyRow(timeMax), { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 30 }));

test('F11: whatever frames hold, a memtable reads as if each had been applied cell by cell, the greatest version winning', () => {
  fc.assert(
    fc.property(anyFrames, fc.subarray(['f', 'i', 'b', 's'], { minLength: 1 }), fc.tuple(fc.nat(1e9), fc.nat(1e9)), (frames, names, ends) => {
      const naive = new NaiveShard();
      const memtable = memtableOf(frames, naive);
      const times = frames.flat().map(({ offsetNs }) => offsetNs);
      const [startOffsetNs, endOffsetNs] = ends.map((end) => times[end % times.length]! + (end % 2)).sort((left, right) => left - right) as [number, number];
      for (const range of [EVERYTHING, { startOffsetNs, endOffsetNs }]) {
        const wanted = new WantedFields(names);
        const rows = memtable.rowsOf(1, range, wanted);
        const cells = rows === undefined ? new Map() : cellsOf(readRows([rows.unpack(wanted)]));
        expect(cells).toEqual(naive.read(KEY, range, names));
      }
    }),
    { numRuns: 500 },
  );
});
