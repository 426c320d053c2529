import type { SizeBytes } from '@varve/base';
import { valueAt, type Column, type FieldType, type SeriesRow, type SeriesSlice } from '@varve/model';
import { int64Of } from '../influxql/int64.ts';
import type { RowReader } from '../plan/expression.ts';
import type { ColumnOrigin, MeasurementPlan, PlanColumn } from '../plan/shard-plan.ts';
import { chosenRows } from './chosen-rows.ts';
import type { SourceSeries } from './shard-source.ts';
import { tagValue } from './tag-value.ts';

/** A plan's column in the rows of one series: cells, or what all rows have: the value of a tag, or nothing. */
export type SeriesColumn = Column | string | null;

/** Looks up a plan's column in the slices of one series. */
export function seriesColumn(origin: ColumnOrigin, type: FieldType, { series, slice }: SeriesRows): SeriesColumn {
  if (origin.kind === 'none') return null;
  if (origin.kind === 'tag') return type === 'string' ? tagValue(series.tags, origin.name) || null : null;
  return convertedColumn(slice, origin.name, type) ?? null;
}

/** Reads the cells of a plan's column from the slices of one series. */
export function cellReader(origin: ColumnOrigin, type: FieldType, rows: SeriesRows): RowReader {
  const column = seriesColumn(origin, type, rows);
  return isCells(column) ? (row) => valueAt(column, row) ?? null : () => column;
}

export function isCells(column: SeriesColumn): column is Column {
  return typeof column === 'object' && column !== null;
}

export interface SeriesRows {
  readonly series: SourceSeries;
  readonly slice: SeriesSlice;
}

/** The named column as it was written. */
export function columnNamed({ columns }: SeriesSlice, name: string): Column | undefined {
  for (let place = 0; place < columns.length; place += 1) if (columns[place]!.name === name) return columns[place]!.column;
  return undefined;
}

/** The named column as the type that the plan wants; undefined where the slice has none, or of a type that does not convert. */
export function convertedColumn(slice: SeriesSlice, name: string, type: FieldType): Column | undefined {
  const column = columnNamed(slice, name);
  if (column === undefined || column.type === type) return column;
  if (column.type === 'integer' && type === 'float') {
    return { type: 'float', values: Float64Array.from(column.values, Number), validity: column.validity };
  }
  if (column.type === 'float' && type === 'integer') {
    return { type: 'integer', values: truncated(column.values), validity: column.validity };
  }
  return undefined;
}

/** Values of these types become each other. */
export function isNumericType(type: FieldType): boolean {
  return type === 'float' || type === 'integer';
}

function truncated(values: Float64Array): Float64Array | BigInt64Array {
  const integers = values.map((value) => Math.trunc(value) + 0); // There is no minus zero.
  if (integers.every((value) => Number.isSafeInteger(value))) return integers;
  return BigInt64Array.from(values, (value) => int64Of(value));
}

/** Rows that have a value in one of the plan's fields; undefined: all of them. */
export function rowsWithFields(columns: readonly PlanColumn[], measurement: MeasurementPlan, rows: SeriesRows): Int32Array | undefined {
  const readers: RowReader[] = [];
  for (const [index, origin] of measurement.origins.entries()) {
    if (origin.kind !== 'field') continue;
    const column = convertedColumn(rows.slice, origin.name, columns[index]!.type);
    if (column === undefined) continue;
    if (column.validity === undefined) return undefined;
    readers.push((row) => valueAt(column, row) ?? null);
  }
  return chosenRows(rows.slice.offsetsNs.length, (row) => readers.some((read) => read(row) !== null));
}

export function rowCountOf(slice: SeriesSlice | SeriesRow): number {
  return 'row' in slice ? 1 : slice.offsetsNs.length;
}

/** What rows take up in memory, roughly. */
export function sliceSizeBytes(slice: SeriesSlice | SeriesRow): SizeBytes {
  const { offsetsNs, columns } = slice;
  if ('row' in slice) return 0; // It lies where it was read.
  return columns.reduce((sizeBytes, { column: { values } }) => sizeBytes + (ArrayBuffer.isView(values) ? values.byteLength : textsSizeBytes(values)), offsetsNs.byteLength);
}

function textsSizeBytes(texts: readonly string[]): SizeBytes {
  return texts.reduce((sizeBytes, text) => sizeBytes + TEXT_SIZE_BYTES + text.length, 0);
}

/** Of a text that is empty. */
const TEXT_SIZE_BYTES = 24;

/** Names of all fields that a plan reads from a measurement. */
export function fieldsToRead(measurement: MeasurementPlan): readonly string[] {
  const names = new Set<string>();
  for (const { kind, name } of measurement.origins) if (kind === 'field') names.add(name);
  for (const { kind, name } of measurement.filterColumns) if (kind === 'field') names.add(name);
  return [...names];
}

