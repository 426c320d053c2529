import { assert } from '@varve/base';
import { decodeFrame, encodeFrames, encodeTombstone, encodeVoidFrame, sealFrame, type Frame, type FrameStamp } from '@varve/frame';
import {
  parseSeriesKey,
  valueAt,
  type Column,
  type FieldType,
  type FieldValue,
  type MeasurementTable,
  type SeriesRow, type SeriesSlice,
  type Tombstone,
  type Version,
} from '@varve/model';

/** One row as a test writes it. The first letter of a field's name is its type: float, integer, boolean, string. */
export interface TestRow {
  readonly key: string;
  readonly offsetNs: number;
  readonly fields: Readonly<Record<string, FieldValue>>;
}

/** What makes a frame of rows. */
export interface FrameMark {
  readonly incarnation: number;
  readonly number: number;
  readonly version: Version;
}

/** Of two rows with one (series, time) the later wins per field. */
export function frameOf(mark: FrameMark, rows: readonly TestRow[]): Frame {
  const distinct = new Map<string, TestRow>();
  for (const row of rows) {
    const name = `${row.offsetNs} ${row.key}`;
    distinct.set(name, { ...row, fields: { ...distinct.get(name)?.fields, ...row.fields } });
  }
  const stamp = stampOf(mark);
  if (distinct.size === 0) return decodeFrame(encodeVoidFrame(1, stamp));
  const keys = [...new Set(rows.map(({ key }) => key))];
  const series = keys.map((key) => ({ key, measurement: parseSeriesKey(key).measurement }));
  const placeOf = new Map(keys.map((key, place) => [key, place]));
  const byMeasurement = Map.groupBy(distinct.values(), ({ key }) => series[placeOf.get(key)!]!.measurement);
  const tables = Array.from(byMeasurement, ([measurement, ofIt]) => ({ table: tableOf(measurement, ofIt, placeOf), rowIndexes: undefined }));
  const frames = encodeFrames({ shard: 1, startNs: 0n, tables, series }, () => stamp);
  assert(frames.length === 1, `${frames.length} frames of ${distinct.size} rows`);
  return decodeFrame(frames[0]!);
}

export function deleteOf(mark: FrameMark, tombstone: Tombstone): Frame {
  return decodeFrame(sealFrame(encodeTombstone(1, tombstone), stampOf(mark)));
}

function stampOf({ incarnation, number, version }: FrameMark): FrameStamp {
  return { mutation: { incarnation, shard: 1, number }, version };
}

function tableOf(measurement: string, rows: readonly TestRow[], placeOf: ReadonlyMap<string, number>): MeasurementTable {
  const names = [...new Set(rows.flatMap(({ fields }) => Object.keys(fields)))];
  return {
    measurement,
    rowCount: rows.length,
    seriesIndexes: Uint32Array.from(rows, ({ key }) => placeOf.get(key)!),
    times: { ms: Float64Array.from(rows, ({ offsetNs }) => Math.floor(offsetNs / 1e6)), subNs: Int32Array.from(rows, ({ offsetNs }) => offsetNs % 1e6) },
    lineIndexes: Uint32Array.from(rows.keys()),
    columns: names.map((name) => ({ name, column: columnOf(typeOf(name), rows.map(({ fields }) => (Object.hasOwn(fields, name) ? fields[name] : undefined))) })),
  };
}

/** The type that a test's field has. */
export function typeOf(name: string): FieldType {
  const type = ({ f: 'float', i: 'integer', b: 'boolean', s: 'string' } as const)[name[0]!];
  assert(type !== undefined, `field "${name}" has no type`);
  return type;
}

/** A column of values, undefined where a row has none. */
export function columnOf(type: FieldType, values: readonly (FieldValue | undefined)[]): Column {
  const bits = new Uint8Array((values.length + 7) >> 3);
  for (const [row, value] of values.entries()) if (value !== undefined) bits[row >> 3]! |= 1 << (row & 7);
  const validity = values.includes(undefined) ? bits : undefined;
  switch (type) {
    case 'float':
      return { type, values: Float64Array.from(values, (value) => (value ?? 0) as number), validity };
    case 'integer': {
      if (!values.some((value) => typeof value === 'bigint'))
        return { type, values: Float64Array.from(values, (value) => (value ?? 0) as number), validity };
      return { type, values: BigInt64Array.from(values, (value) => BigInt((value ?? 0) as number | bigint)), validity };
    }
    case 'boolean':
      return { type, values: Uint8Array.from(values, (value) => (value === true ? 1 : 0)), validity };
    case 'string':
      return { type, values: values.map((value) => (value ?? '') as string), validity };
  }
}

/** Rows of an answer that have a value: time → field → value. */
export function cellsOf(slice: SeriesSlice | SeriesRow): Map<number, Map<string, FieldValue>> {
  const cells = new Map<number, Map<string, FieldValue>>();
  for (const [row, offsetNs] of slice.offsetsNs.entries()) {
    if ('row' in slice && slice.row !== row) continue;
    for (const { name, column } of slice.columns) {
      const value = valueAt(column, row);
      if (value === undefined) continue;
      const ofTime = cells.get(offsetNs) ?? new Map<string, FieldValue>();
      assert(!ofTime.has(name), `two values of ${name} at ${offsetNs}`);
      cells.set(offsetNs, ofTime.set(name, value));
    }
  }
  return cells;
}
