import type { SizeBytes } from '@varve/base';
import { valueAt, type Cell, type Column, type FieldType, type SeriesSlice } from '@varve/model';
import type { RowReader } from '../plan/expression.ts';
import type { ColumnOrigin, MeasurementPlan, PlanColumn } from '../plan/shard-plan.ts';
import { chosenRows } from './chosen-rows.ts';
import type { SourceSeries } from './shard-source.ts';
import { tagValue } from './tag-value.ts';

/** Reads the cells of a plan's column from the slices of one series. */
export function cellReader(origin: ColumnOrigin, type: FieldType, { series, slice }: SeriesRows): RowReader {
  if (origin.kind === 'none') return () => null;
  if (origin.kind === 'tag') {
    const value: Cell = type === 'string' ? tagValue(series.tags, origin.name) || null : null;
    return () => value;
  }
  const column = convertedColumn(slice, origin.name, type);
  return column === undefined ? () => null : (row) => valueAt(column, row) ?? null;
}

export interface SeriesRows {
  readonly series: SourceSeries;
  readonly slice: SeriesSlice;
}

/** The named column as the type that the plan wants; undefined where the slice has none, or of a type that does not convert. */
export function convertedColumn(slice: SeriesSlice, name: string, type: FieldType): Column | undefined {
  const column = slice.columns.find((each) => each.name === name)?.column;
  if (column === undefined || column.type === type) return column;
  if (column.type === 'integer' && type === 'float') {
    return { type: 'float', values: Float64Array.from(column.values, Number), validity: column.validity };
  }
  if (column.type === 'float' && type === 'integer') {
    return { type: 'integer', values: truncated(column.values), validity: column.validity };
  }
  return undefined;
}

function truncated(values: Float64Array): Float64Array | BigInt64Array {
  const integers = values.map(Math.trunc);
  if (integers.every((value) => Number.isSafeInteger(value))) return integers;
  return BigInt64Array.from(values, (value) => BigInt(Number.isFinite(value) ? Math.trunc(value) : 0));
}

/** Of the rows chosen so far (undefined: all), those that have a value in one of the plan's fields. */
export function rowsWithFields(columns: readonly PlanColumn[], measurement: MeasurementPlan, rows: SeriesRows, chosen: Int32Array | undefined): Int32Array | undefined {
  const readers: RowReader[] = [];
  for (const [index, origin] of measurement.origins.entries()) {
    if (origin.kind !== 'field') continue;
    const column = convertedColumn(rows.slice, origin.name, columns[index]!.type);
    if (column === undefined) continue;
    if (column.validity === undefined) return chosen;
    readers.push((row) => valueAt(column, row) ?? null);
  }
  return chosenRows(rows.slice.offsetsNs.length, chosen, (row) => readers.some((read) => read(row) !== null));
}

/** What rows take up in memory, roughly. */
export function sliceSizeBytes({ offsetsNs, columns }: SeriesSlice): SizeBytes {
  return columns.reduce((sizeBytes, { column: { values } }) => sizeBytes + (ArrayBuffer.isView(values) ? values.byteLength : textsSizeBytes(values)), offsetsNs.byteLength);
}

function textsSizeBytes(texts: readonly string[]): SizeBytes {
  return texts.reduce((sizeBytes, text) => sizeBytes + TEXT_SIZE_BYTES + text.length, 0);
}

/** Of a text that is empty. */
const TEXT_SIZE_BYTES = 24;

/** Names of all fields that a plan reads from a measurement. */
export function fieldsToRead(measurement: MeasurementPlan): readonly string[] {
  const origins = [...measurement.origins, ...measurement.filterColumns];
  return [...new Set(origins.filter(({ kind }) => kind === 'field').map(({ name }) => name))];
}

