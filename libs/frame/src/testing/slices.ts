import fc from 'fast-check';
import {
  type BatchSeries,
  type Column,
  type FieldType,
  type FieldValue,
  hasValue,
  type MeasurementTable,
  type NamedColumn,
  seriesKey,
  splitNs,
} from '@varve/model';
import { ColumnRoom } from '../column-room.ts';
import type { Frame, FrameRows, FrameSlice, FrameStamp } from '../frame.ts';

/** One point, for tests that want to read what they write. */
export interface TestPoint {
  readonly measurement: string;
  readonly host: string;
  readonly offsetNs: number;
  /** The type is part of the name, so that no field has two. */
  readonly fields: ReadonlyMap<string, FieldValue>;
}

export const SHARD = 7;
export const START_NS = 1_767_225_600_000_000_000n;
const DAYS_90_NS = 90 * 86_400 * 1e9;

/** Stamps with ascending numbers and versions. */
export function stamps(): () => FrameStamp {
  let number = 0;
  return () => {
    number += 1;
    return {
      mutation: { incarnation: 3, shard: SHARD, number },
      version: { wallMs: 1_767_225_600_000, counter: number, incarnation: 3 },
    };
  };
}

/** The points as a slice; each type of field has its own name: `float…`, `integer…`, `big…`, `boolean…`, `string…`. */
export function sliceOf(points: readonly TestPoint[], startNs = START_NS): FrameSlice {
  const keys = [...new Set(points.map(keyOf))];
  const series: BatchSeries[] = keys.map((key) => ({
    key,
    measurement: points.find((point) => keyOf(point) === key)!.measurement,
  }));
  const measurements = [...new Set(points.map(({ measurement }) => measurement))];
  const tables = measurements.map((measurement) => {
    const rows = points.filter((point) => point.measurement === measurement);
    return { table: tableOf(measurement, rows, { keys, startNs }), rowIndexes: undefined };
  });
  return { shard: SHARD, startNs, tables, series };
}

function tableOf(
  measurement: string,
  rows: readonly TestPoint[],
  { keys, startNs }: { readonly keys: readonly string[]; readonly startNs: bigint },
): MeasurementTable {
  const names = [...new Set(rows.flatMap(({ fields }) => [...fields.keys()]))];
  const times = rows.map(({ offsetNs }) => splitNs(startNs + BigInt(offsetNs)));
  return {
    measurement,
    rowCount: rows.length,
    seriesIndexes: Uint32Array.from(rows, (row) => keys.indexOf(keyOf(row))),
    times: { ms: Float64Array.from(times, ({ ms }) => ms), subNs: Int32Array.from(times, ({ subNs }) => subNs) },
    lineIndexes: Uint32Array.from(rows, (_, index) => index),
    columns: names.map((name): NamedColumn => ({
      name,
      column: columnOf(
        name,
        rows.map(({ fields }) => fields.get(name)),
      ),
    })),
  };
}

function columnOf(name: string, values: readonly (FieldValue | undefined)[]): Column {
  const validity = new Uint8Array(Math.ceil(values.length / 8));
  values.forEach((value, row) => (validity[row >> 3]! |= Number(value !== undefined) << (row & 7)));
  const present = values.includes(undefined) ? { validity } : {};
  switch (typeOf(name)) {
    case 'float':
      return { type: 'float', values: Float64Array.from(values, (value) => Number(value ?? NaN)), ...present };
    case 'integer':
      if (!name.startsWith('big'))
        return { type: 'integer', values: Float64Array.from(values, (value) => Number(value ?? 0)), ...present };
      return { type: 'integer', values: BigInt64Array.from(values, (value) => BigInt(value ?? 0)), ...present };
    case 'boolean':
      return { type: 'boolean', values: Uint8Array.from(values, (value) => Number(value ?? 0)), ...present };
    case 'string':
      return { type: 'string', values: values.map((value) => String(value ?? '?')), ...present };
  }
}

function typeOf(name: string): FieldType {
  return (['float', 'boolean', 'string'] as const).find((type) => name.startsWith(type)) ?? 'integer';
}

function keyOf({ measurement, host }: TestPoint): string {
  return seriesKey(measurement, host === '' ? [] : [['host', host]]);
}

/** The naive model: (series, time, field) → value, the later point wins. */
export function cellsOfPoints(points: readonly TestPoint[]): Map<string, unknown> {
  const cells = new Map<string, unknown>();
  for (const point of points) {
    for (const [name, value] of point.fields)
      cells.set(`${keyOf(point)} ${point.offsetNs} ${name}`, typeOf(name) === 'boolean' ? Number(value) : value);
  }
  return cells;
}

/** The times of all rows of a section. */
export function offsetsIn(rows: FrameRows): Float64Array {
  const offsetsNs = new Float64Array(rows.rowCount);
  rows.readOffsets(0, rows.rowCount, offsetsNs, 0);
  return offsetsNs;
}

/** A column of some rows of a section; of all unless it is said. */
export function columnIn(rows: FrameRows, columnIndex: number, firstRow = 0, endRow = rows.rowCount): Column {
  const room = new ColumnRoom(rows.columns[columnIndex]!.type, endRow - firstRow);
  rows.readColumn(columnIndex, firstRow, endRow, room);
  return room.finish();
}

/** What frames hold, applied in order. Reads every cell. */
export function cellsOfFrames(frames: readonly Frame[]): Map<string, unknown> {
  const cells = new Map<string, unknown>();
  for (const { sections } of frames) {
    for (const { seriesKeys, rows } of sections) {
      const offsetsNs = offsetsIn(rows);
      const columns = rows.columns.map(({ name }, index) => ({ name, column: columnIn(rows, index) }));
      seriesKeys.forEach((key, series) => {
        for (let row = rows.rowStarts[series]!; row < rows.rowStarts[series + 1]!; row += 1) {
          for (const { name, column } of columns) {
            if (hasValue(column, row)) cells.set(`${key} ${offsetsNs[row]} ${name}`, column.values[row]);
          }
        }
      });
    }
  }
  return cells;
}

const names = fc.oneof(
  fc.constantFrom('', 'a', 'b', 'é', 'a b', '__proto__'),
  fc.string({ unit: 'grapheme', maxLength: 4 }),
);
const values: readonly [string, fc.Arbitrary<FieldValue>][] = [
  ['float', fc.oneof(fc.double({ noNaN: true }), fc.constantFrom(-0, 0.1 + 0.2, 5e-324))],
  ['floatDecimal', fc.integer({ min: -50_000, max: 50_000 }).map((cents) => cents / 100)],
  ['integer', fc.oneof(fc.maxSafeInteger(), fc.constantFrom(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER))],
  ['integerSmall', fc.integer({ min: -3, max: 100 })],
  ['integerWide', fc.integer({ min: 0, max: 2 ** 32 - 1 })],
  ['big', fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })],
  ['boolean', fc.boolean()],
  ['string', fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('', 'on', 'off', '\ufeffbom', 'a\0b'))],
];
const fields = fc
  .subarray([...values.keys()], { minLength: 1 })
  .chain((chosen) =>
    fc.tuple(...chosen.map((index) => values[index]![1].map((value) => [values[index]![0], value] as const))),
  )
  .map((entries) => new Map<string, FieldValue>(entries));
const offsets = fc.oneof(
  fc.integer({ min: 0, max: 5 }).map((second) => second * 1e9),
  fc.integer({ min: 0, max: 5_000 }).map((ms) => ms * 1e6),
  fc.integer({ min: 0, max: DAYS_90_NS }),
  fc.constantFrom(0, DAYS_90_NS),
);

/** Points with twins, gaps, all types, and times in any order. */
export const anyPoints: fc.Arbitrary<TestPoint[]> = fc.array(
  fc.record({ measurement: fc.constantFrom('cpu', 'm e,m', 'é'), host: names, offsetNs: offsets, fields }),
  { maxLength: 40 },
);
