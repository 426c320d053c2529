import { compareVersions, type FieldValue, type Version } from '@varve/model';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { gatherRows } from './gather-rows.ts';
import { mergeRows, readRows, sliceRows, type VersionedRows } from './rows.ts';
import { anyRow, anyWallMs, markOf } from './testing/arbitraries.ts';
import { cellsOf, frameOf } from './testing/frames.ts';
import { WantedFields } from './wanted-fields.ts';

// Methodology: up to six frames of one series; any subsets of them, merged in any grouping, against a list of cells.
const KEY = 'cpu';
const anyFrames = fc
  .array(fc.tuple(fc.array(anyRow, { minLength: 1, maxLength: 5 }), anyWallMs), { minLength: 1, maxLength: 6 })
  .map((frames) => frames.map(([rows, wallMs], index) => partOf(index, wallMs, rows)));
const anyParts = anyFrames.chain((frames) => fc.tuple(fc.subarray(frames), fc.subarray(frames), fc.subarray(frames)));

function partOf(index: number, wallMs: number, rows: Parameters<typeof frameOf>[1]): VersionedRows {
  const { header, sections } = frameOf(
    markOf(index, wallMs),
    rows.map((row) => ({ ...row, key: KEY })),
  );
  const segment = { rows: sections[0]!.rows, version: header.version, fields: sections[0]!.rows.columns };
  return gatherRows([{ seriesId: 1, pieces: [{ segment, startRow: 0, endRow: segment.rows.rowCount }] }], new WantedFields(undefined));
}

/** Every cell with its version, in an order of its own. */
function listed(rows: VersionedRows): readonly (readonly [number, string, FieldValue, Version])[] {
  const { versions, ordinals } = rows.versions;
  return Array.from(rows.offsetsNs, (_, row) => row)
    .flatMap((row) =>
      [...cellsOf(oneRow(rows, row))].flatMap(([offsetNs, cells]) =>
        Array.from(cells, ([name, value]) => [offsetNs, name, value, versions[ordinals[row]!]!] as const),
      ),
    )
    .sort(([leftNs, left], [rightNs, right]) => leftNs - rightNs || (left < right ? -1 : 1));
}

function oneRow(rows: VersionedRows, row: number): VersionedRows {
  return sliceRows(rows, row, row + 1);
}

test('F11: merging is associative, commutative and idempotent', () => {
  fc.assert(
    fc.property(anyParts, ([a, b, c]) => {
      const all = listed(mergeRows([...a, ...b, ...c]));
      expect(listed(mergeRows([mergeRows([...a, ...b]), mergeRows(c)]))).toEqual(all);
      expect(listed(mergeRows([mergeRows(c), mergeRows([...b, ...a])]))).toEqual(all);
      const merged = mergeRows([...a, ...b, ...c]);
      expect(listed(mergeRows([merged, merged, ...b]))).toEqual(all);
    }),
    { numRuns: 500 },
  );
});

test('rows in normal form ascend by time and version, have a cell each, and no cell twice', () => {
  fc.assert(
    fc.property(anyFrames, (frames) => {
      const rows = mergeRows([mergeRows(frames), ...frames]);
      const { versions, ordinals } = rows.versions;
      expect(new Set(ordinals).size).toBe(versions.length);
      versions.forEach((version, index) =>
        expect(index === 0 || compareVersions(versions[index - 1]!, version) < 0).toBe(true),
      );
      rows.offsetsNs.forEach((offsetNs, row) => {
        expect(cellsOf(oneRow(rows, row)).size).toBe(1);
        const last = rows.offsetsNs[row - 1] ?? -1;
        expect(last < offsetNs || (last === offsetNs && ordinals[row - 1]! < ordinals[row]!)).toBe(true);
      });
      expect(cellsOf(rows)).toEqual(cellsOf(readRows(frames)));
    }),
    { numRuns: 300 },
  );
});

test('F11: rows cut anywhere and merged again are the same rows, with the same versions', () => {
  fc.assert(
    fc.property(anyFrames, fc.nat(), (frames, cut) => {
      const rows = mergeRows(frames);
      const row = cut % (rows.offsetsNs.length + 1);
      const again = mergeRows([sliceRows(rows, row, rows.offsetsNs.length), sliceRows(rows, 0, row)]);
      expect(again.versions).toEqual(rows.versions);
      expect(listed(again)).toEqual(listed(rows));
    }),
    { numRuns: 300 },
  );
});

test('the greatest version wins per field, and fields of one point merge', () => {
  const write = (index: number, wallMs: number, fields: Record<string, FieldValue>): VersionedRows =>
    partOf(index, wallMs, [{ key: KEY, offsetNs: 5, fields }]);
  const parts = [write(0, 9, { f: 1, i: 1 }), write(1, 7, { f: 2, s: 'kept' }), write(2, 8, { i: 3 })];
  const { offsetsNs, columns } = readRows(parts);
  expect(cellsOf({ offsetsNs, columns })).toEqual(
    new Map([
      [
        5,
        new Map<string, FieldValue>([
          ['f', 1],
          ['i', 1],
          ['s', 'kept'],
        ]),
      ],
    ]),
  );
  // The row of version 8 has no cell left.
  expect(mergeRows(parts).versions.versions.map(({ wallMs }) => wallMs)).toEqual([7, 9]);
});

test('integers are doubles again when the value that needed more is hidden', () => {
  const write = (index: number, wallMs: number, i: FieldValue): VersionedRows =>
    partOf(index, wallMs, [{ key: KEY, offsetNs: 5, fields: { i } }]);
  const valuesOf = (parts: readonly VersionedRows[]): unknown => readRows(parts).columns[0]!.column.values;
  expect(valuesOf([write(0, 1, 2n ** 60n), write(1, 2, 7)])).toEqual(Float64Array.of(7));
  expect(valuesOf([write(0, 2, 2n ** 60n), write(1, 1, 7)])).toEqual(BigInt64Array.of(2n ** 60n));
});
