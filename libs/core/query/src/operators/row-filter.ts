import { valueAt, type Cell } from '@varve/model';
import { compileExpression, type RowReader } from '../plan/expression.ts';
import type { FilterColumn, MeasurementPlan } from '../plan/shard-plan.ts';
import { chosenRows } from './chosen-rows.ts';
import { filterCost, rowCountAtOnce } from './filter-cost.ts';
import { fieldBound, type Comparison, type FieldBound } from './field-bound.ts';
import { mayPassOf } from './may-pass.ts';
import { columnNamed, type SeriesRows } from './slice-cells.ts';
import { tagValue } from './tag-value.ts';

/** The row filter of one measurement, compiled once and moved from series to series. */
export class RowFilter {
  readonly #columns: readonly FilterColumn[];
  readonly #passes: RowReader | undefined;
  /** Whether any of some rows can pass, by what their fields come to. Undefined: it would never say no. */
  readonly mayPass: ReturnType<typeof mayPassOf>;
  /** What the filter asks for, if it is nothing but a comparison. */
  readonly #bound: FieldBound | undefined;
  /** Rows of more are filtered in several goes, between which others have a turn. */
  readonly rowCountAtOnce: number;
  /** One per filter column, of the series at hand. */
  #readers: readonly RowReader[] = [];

  constructor({ rowFilter, filterColumns }: Pick<MeasurementPlan, 'rowFilter' | 'filterColumns'>) {
    this.mayPass = mayPassOf({ rowFilter, filterColumns });
    this.#columns = filterColumns;
    this.rowCountAtOnce = rowCountAtOnce(filterCost(rowFilter));
    this.#bound = rowFilter && fieldBound(rowFilter, filterColumns);
    const input = (index: number): RowReader => (row) => this.#readers[index]!(row);
    this.#passes = rowFilter === undefined ? undefined : compileExpression(rowFilter, { input, clause: 'WHERE' });
  }

  /** Whether every row passes, whatever is in it. */
  get passesAll(): boolean {
    return this.#passes === undefined;
  }

  /** Rows of a series that pass, ascending; undefined: all of them. */
  rowsThatPass(rows: SeriesRows): Int32Array | undefined {
    const passes = this.#passes;
    if (passes === undefined) return undefined;
    const { offsetsNs } = rows.slice;
    const holds = this.#bound && boundTest(this.#bound, rows);
    if (holds !== undefined) return chosenRows(offsetsNs.length, holds);
    this.#readers = this.#columns.map((origin) => filterReader(origin, rows));
    return chosenRows(offsetsNs.length, (row) => passes(row) === true);
  }
}

/** The comparison on numbers as they lie in an array; undefined: they do not, or some are missing. */
function boundTest({ name, operator, value }: FieldBound, { slice }: SeriesRows): ((row: number) => boolean) | undefined {
  const column = columnNamed(slice, name);
  if (column === undefined || column.validity !== undefined || !(column.values instanceof Float64Array) || typeof value !== 'number') return undefined;
  return NUMBER_TESTS[operator](column.values, value);
}

const NUMBER_TESTS: Readonly<Record<Comparison, (values: Float64Array, bound: number) => (row: number) => boolean>> = {
  '=': (values, bound) => (row) => values[row]! === bound,
  '!=': (values, bound) => (row) => values[row]! !== bound,
  '<': (values, bound) => (row) => values[row]! < bound,
  '<=': (values, bound) => (row) => values[row]! <= bound,
  '>': (values, bound) => (row) => values[row]! > bound,
  '>=': (values, bound) => (row) => values[row]! >= bound,
};

/** In a filter a field has the type it was written with. */
function filterReader(origin: FilterColumn, { series, slice }: SeriesRows): RowReader {
  if (origin.kind === 'none') return () => null;
  if (origin.kind === 'tag' || origin.kind === 'tagOrNull') {
    const text = tagValue(series.tags, origin.name);
    const value: Cell = text === '' && origin.kind === 'tagOrNull' ? null : text;
    return () => value;
  }
  const column = columnNamed(slice, origin.name);
  return column === undefined ? () => null : (row) => valueAt(column, row) ?? null;
}
