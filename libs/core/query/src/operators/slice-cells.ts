import { valueAt, type Cell, type Column, type FieldType, type SeriesSlice } from '@varve/model';
import { compileExpression, type RowReader } from '../plan/expression.ts';
import type { ColumnOrigin, MeasurementPlan, PlanColumn } from '../plan/shard-plan.ts';
import { tagValue } from './series-groups.ts';
import type { SourceSeries } from './shard-source.ts';

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

/** Rows that pass the filter of the measurement, ascending; undefined: all of them. */
export function rowsThatPass(measurement: MeasurementPlan, rows: SeriesRows): Int32Array | undefined {
  const { rowFilter, filterColumns } = measurement;
  if (rowFilter === undefined) return undefined;
  const passes = compileExpression(rowFilter, {
    input: (index) => filterReader(filterColumns[index]!, rows),
    integerDivision: 'truncated',
  });
  return chosenRows(rows.slice.offsetsNs.length, undefined, (row) => passes(row) === true);
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

function chosenRows(rowCount: number, among: Int32Array | undefined, isChosen: (row: number) => boolean): Int32Array {
  const candidateCount = among?.length ?? rowCount;
  const chosen = new Int32Array(candidateCount);
  let count = 0;
  for (let index = 0; index < candidateCount; index += 1) {
    const row = among === undefined ? index : among[index]!;
    if (isChosen(row)) chosen[count++] = row;
  }
  return chosen.subarray(0, count);
}

/** In a filter a tag that a series lacks is '', and a field has the type it was written with. */
function filterReader(origin: ColumnOrigin, { series, slice }: SeriesRows): RowReader {
  if (origin.kind === 'none') return () => null;
  if (origin.kind === 'tag') {
    const value = tagValue(series.tags, origin.name);
    return () => value;
  }
  const column = slice.columns.find((each) => each.name === origin.name)?.column;
  return column === undefined ? () => null : (row) => valueAt(column, row) ?? null;
}

/** Names of all fields that a plan reads from a measurement. */
export function fieldsToRead(measurement: MeasurementPlan): readonly string[] {
  const origins = [...measurement.origins, ...measurement.filterColumns];
  return [...new Set(origins.filter(({ kind }) => kind === 'field').map(({ name }) => name))];
}

