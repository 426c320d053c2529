import fc from 'fast-check';
import { DbError, Prng } from '@varve/base';
import { valueAt, type Column } from '@varve/model';
import { PROPERTY_DEFAULTS } from '@varve/testkit';
import { expect, test } from 'vitest';
import { ColumnRoom } from './column-room.ts';
import { decodeFrame, decodeRows } from './decode-frame.ts';
import { encodeBodies, encodeFrames, encodeVoidFrame } from './encode-frame.ts';
import { FRAME_ROW_COUNT_MAX, FRAME_SIZE_BYTES_MAX, type Frame, type RowsFrame } from './frame.ts';
import { frameHeader } from './frame-header.ts';
import { sealFrame } from './layout.ts';
import {
  anyPoints,
  cellsOfFrames,
  cellsOfPoints,
  columnIn,
  offsetsIn,
  SHARD,
  sliceOf,
  stamps,
  START_NS,
  type TestPoint,
} from './testing/slices.ts';

// The naive model is a map (series, time, field) → value that every point writes in order.
const point = (host: string, offsetNs: number, fields: Record<string, number | string>): TestPoint => ({
  measurement: 'cpu',
  host,
  offsetNs,
  fields: new Map(Object.entries(fields)),
});
const decodeAll = (points: readonly TestPoint[]): Frame[] => encodeFrames(sliceOf(points), stamps()).map(decodeFrame);

test('F1: frames hold exactly what the naive model holds', () => {
  fc.assert(
    fc.property(anyPoints, (points) => {
      expect(cellsOfFrames(decodeAll(points))).toEqual(cellsOfPoints(points));
    }),
    { ...PROPERTY_DEFAULTS, numRuns: 2_000 },
  );
});

const unpacked = ({ measurement, rows }: RowsFrame['sections'][number]): unknown => ({
  ...{ measurement, rowStarts: rows.rowStarts, offsetsNs: offsetsIn(rows) },
  columns: rows.columns.map((column, index) => [column, columnIn(rows, index)]),
});

test('F1: who knows the series reads the same rows without their keys', () => {
  fc.assert(
    fc.property(anyPoints, (points) => {
      for (const bytes of encodeFrames(sliceOf(points), stamps())) {
        const [whole, rowsOnly] = [decodeFrame(bytes), decodeRows(bytes)];
        expect([rowsOnly.header, rowsOnly.sizeBytes]).toEqual([whole.header, whole.sizeBytes]);
        expect(rowsOnly.sections.map(unpacked)).toEqual(whole.sections.map(unpacked));
      }
    }),
    PROPERTY_DEFAULTS,
  );
});

test('F2, F3: rows are sorted by series and time, each (series, time) occurs once', () => {
  fc.assert(
    fc.property(anyPoints, (points) => {
      for (const { header, sections } of decodeAll(points)) {
        let rowCount = 0;
        for (const { seriesKeys, rows } of sections) {
          const offsetsNs = offsetsIn(rows);
          expect([rows.minOffsetNs, rows.maxOffsetNs]).toEqual([Math.min(...offsetsNs), Math.max(...offsetsNs)]);
          expect(new Set(seriesKeys).size).toBe(seriesKeys.length);
          for (let series = 0; series < seriesKeys.length; series += 1) {
            const own = offsetsNs.subarray(rows.rowStarts[series], rows.rowStarts[series + 1]);
            expect([...own]).toEqual([...new Set(own)].sort((left, right) => left - right));
            rowCount += own.length;
          }
        }
        expect(rowCount).toBe(header.rowCount);
      }
    }),
    PROPERTY_DEFAULTS,
  );
});

test('F3: of rows with the same series and time the later one wins, field by field', () => {
  const [frame] = decodeAll([
    point('a', 5, { integer: 1, float: 1.5 }),
    point('b', 5, { integer: 10 }),
    point('a', 5, { integer: 2, string: 'x' }),
    point('a', 5, { float: 2.5 }),
  ]);
  expect(frame!.header.rowCount).toBe(2);
  expect(Object.fromEntries(cellsOfFrames([frame!]))).toEqual({
    'cpu,host=a 5 integer': 2,
    'cpu,host=a 5 float': 2.5,
    'cpu,host=a 5 string': 'x',
    'cpu,host=b 5 integer': 10,
  });
});

/** Of each row its value, and what stands where it has none. */
const cellsIn = (column: Column): unknown[] => Array.from({ length: column.values.length }, (_, row) => [valueAt(column, row), column.values[row] === 0n ? 0 : column.values[row]]);

test('rows that are read piece by piece, in any order and with gaps between them, are the same rows', () => {
  fc.assert(
    fc.property(anyPoints, fc.nat(), fc.nat(), fc.nat(9), (points, one, other, gapRowCount) => {
      for (const { sections } of decodeAll(points)) {
        for (const { rows } of sections) {
          const [first, end] = [one % (rows.rowCount + 1), other % (rows.rowCount + 1)].sort(
            (left, right) => left - right,
          ) as [number, number];
          const offsetsNs = offsetsIn(rows);
          const into = new Float64Array(rows.rowCount + 1).fill(-1);
          rows.readOffsets(first, end, into, 1);
          expect(into).toEqual(Float64Array.of(-1, ...offsetsNs.subarray(first, end), ...new Array(rows.rowCount - (end - first)).fill(-1)));
          expect(Array.from(offsetsNs, (_, row) => rows.offsetAt(row))).toEqual([...offsetsNs]);
          rows.columns.forEach(({ type }, index) => {
            const whole = cellsIn(columnIn(rows, index));
            expect(cellsIn(columnIn(rows, index, first, end))).toEqual(whole.slice(first, end));
            const room = new ColumnRoom(type, rows.rowCount + gapRowCount, new Float64Array(rows.rowCount + gapRowCount).fill(7));
            rows.readColumn(index, first, end, room);
            room.skip(gapRowCount);
            rows.readColumn(index, end, rows.rowCount, room);
            rows.readColumn(index, 0, first, room);
            const gap = new Array(gapRowCount).fill([undefined, type === 'string' ? '' : 0]);
            expect(cellsIn(room.finish())).toEqual([...whole.slice(first, end), ...gap, ...whole.slice(end), ...whole.slice(0, first)]);
          });
        }
      }
    }),
    PROPERTY_DEFAULTS,
  );
});

test('a frame decodes from bytes that lie anywhere in a buffer', () => {
  const [bytes] = encodeFrames(
    sliceOf([point('a', 1, { integer: 70_000, float: 0.3, string: 'x' }), point('a', 2, { integer: 1 })]),
    stamps(),
  );
  const shifted = new Uint8Array(bytes!.length + 5);
  shifted.set(bytes!, 3);
  expect(cellsOfFrames([decodeFrame(shifted.subarray(3, -2))])).toEqual(cellsOfFrames([decodeFrame(bytes!)]));
});

test('only the rows of the slice are encoded, in the order the slice gives', () => {
  const slice = sliceOf([1, 2, 3, 4].map((value) => point('a', 9, { integer: value })));
  const check = (rowIndexes: number[], expected: number): void => {
    const tables = [{ table: slice.tables[0]!.table, rowIndexes: Uint32Array.from(rowIndexes) }];
    const frames = encodeFrames({ ...slice, tables }, stamps()).map(decodeFrame);
    expect(cellsOfFrames(frames).get('cpu,host=a 9 integer')).toBe(expected);
  };
  check([0, 1], 2);
  check([2, 0], 1);
  check([3], 4);
});

test('a column without a value in these rows is left out', () => {
  const slice = sliceOf([point('a', 1, { integer: 1 }), point('a', 2, { float: 1 })]);
  const [bytes] = encodeFrames(
    { ...slice, tables: [{ table: slice.tables[0]!.table, rowIndexes: Uint32Array.of(0) }] },
    stamps(),
  );
  expect(decodeFrame(bytes!).sections[0]!.rows.columns.map(({ name }) => name)).toEqual(['integer']);
});

test('F4: the header says what was stamped, at the ends of every range', () => {
  const check = (stamp: Parameters<typeof encodeVoidFrame>[1]): void => {
    const bytes = encodeVoidFrame(stamp.mutation.shard, stamp);
    const header = { ...stamp, shard: stamp.mutation.shard, kind: 'rows', rowCount: 0 };
    expect(frameHeader(bytes)).toEqual(header);
    expect(decodeFrame(bytes)).toMatchObject({ header, sections: [] });
  };
  check({ mutation: { incarnation: 1, shard: 1, number: 1 }, version: { wallMs: 0, counter: 0, incarnation: 0 } });
  check({
    mutation: { incarnation: 2 ** 32 - 1, shard: Number.MAX_SAFE_INTEGER, number: Number.MAX_SAFE_INTEGER },
    version: { wallMs: 2 ** 48 - 1, counter: 0xffff, incarnation: 2 ** 32 - 1 },
  });
});

test('no rows, no frames and no stamps', () => {
  let taken = 0;
  expect(encodeFrames(sliceOf([]), () => ((taken += 1), stamps()()))).toEqual([]);
  expect(taken).toBe(0);
});

test('F5: a big batch becomes frames of at most 512 KiB whose rows follow the order of arrival', () => {
  const random = new Prng(1);
  const points = Array.from({ length: 3_000 }, (_, row) => {
    const text = `${row} `.repeat(random.pick([1, 200, 800]));
    return point(`h${random.between(0, 50)}`, random.between(0, 20) * 1e9, {
      integer: row,
      [`string${row % 3}`]: text,
    });
  });
  const frames = encodeFrames(sliceOf(points), stamps());
  expect(frames.length).toBeGreaterThan(8);
  for (const bytes of frames) expect(bytes.length).toBeLessThanOrEqual(FRAME_SIZE_BYTES_MAX);
  const decoded = frames.map(decodeFrame);
  expect(decoded.map(({ header }) => header.mutation.number)).toEqual(frames.map((_, index) => index + 1));
  expect(cellsOfFrames(decoded)).toEqual(cellsOfPoints(points));
});

test('F5: rows that take no bytes are bounded by their number', () => {
  const rowCount = 2 * FRAME_ROW_COUNT_MAX + 5;
  const slice = sliceOf([point('a', 0, { integer: 1 })]);
  const table = {
    ...slice.tables[0]!.table,
    rowCount,
    seriesIndexes: new Uint32Array(rowCount),
    times: {
      ms: Float64Array.from({ length: rowCount }, (_, row) => Number(START_NS / 1_000_000n) + row),
      subNs: new Int32Array(rowCount),
    },
    columns: [{ name: 'integer', column: { type: 'integer', values: new Float64Array(rowCount).fill(1) } as const }],
  };
  const frames = encodeFrames({ ...slice, tables: [{ table, rowIndexes: undefined }] }, stamps()).map(decodeFrame);
  for (const { header } of frames) expect(header.rowCount).toBeLessThanOrEqual(FRAME_ROW_COUNT_MAX);
  expect(frames.reduce((sum, { header }) => sum + header.rowCount, 0)).toBe(rowCount);
});

test('F5: a batch of many new series is cut by its keys', () => {
  const random = new Prng(2);
  const points = Array.from({ length: 4_000 }, (_, row) =>
    point(`${row}${Array.from({ length: 30 }, () => random.uint32().toString(36)).join('')}`, 0, { integer: row }),
  );
  const frames = encodeFrames(sliceOf(points), stamps());
  expect(frames.length).toBeGreaterThan(1);
  expect(cellsOfFrames(frames.map(decodeFrame))).toEqual(cellsOfPoints(points));
});

test('F6: a point that no frame can hold is refused before a stamp is taken', () => {
  const huge = Object.fromEntries(
    Array.from({ length: 9 }, (_, index) => [`string${index}`, `${index}`.repeat(65_536)]),
  );
  let taken = 0;
  const encode = (): unknown =>
    encodeFrames(sliceOf([point('a', 0, { integer: 1 }), point('big', 1, huge)]), () => ((taken += 1), stamps()()));
  expect(encode).toThrow(DbError);
  expect(encode).toThrow(/^point too big: \d+ bytes in series cpu,host=big, at most 524288 fit$/);
  expect(taken).toBe(0);
  const fitting = Object.fromEntries(Object.entries(huge).slice(0, 7));
  expect(cellsOfFrames(decodeAll([point('a', 0, fitting)])).size).toBe(7);
});

test('F4, F6: bodies take their stamps later, in order', () => {
  const slice = sliceOf([point('a', 1, { integer: 1 }), point('a', 2, { integer: 2 })]);
  const nextStamp = stamps();
  const bodies = encodeBodies(slice);
  expect(bodies.map((body) => sealFrame(body, nextStamp()))).toEqual(encodeFrames(slice, stamps()));
});

test('the shard of a frame is the shard of its mutation', () => {
  expect(() => encodeVoidFrame(SHARD + 1, stamps()())).toThrow('mutation of shard 7 for a frame of shard 8');
});
