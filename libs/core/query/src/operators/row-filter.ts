import { valueAt, type Cell } from '@varve/model';
import { compileExpression, type RowReader } from '../plan/expression.ts';
import type { ColumnOrigin, MeasurementPlan } from '../plan/shard-plan.ts';
import { chosenRows } from './chosen-rows.ts';
import { mayPassOf } from './may-pass.ts';
import type { SeriesRows } from './slice-cells.ts';
import { tagValue } from './tag-value.ts';

/** The row filter of one measurement, compiled once and moved from series to series. */
export class RowFilter {
  readonly #columns: readonly ColumnOrigin[];
  readonly #passes: RowReader | undefined;
  /** Whether any of some rows can pass, by what their fields come to. Undefined: it would never say no. */
  readonly mayPass: ReturnType<typeof mayPassOf>;
  /** One per filter column, of the series at hand. */
  #readers: readonly RowReader[] = [];

  constructor({ rowFilter, filterColumns }: Pick<MeasurementPlan, 'rowFilter' | 'filterColumns'>) {
    this.mayPass = mayPassOf({ rowFilter, filterColumns });
    this.#columns = filterColumns;
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
    this.#readers = this.#columns.map((origin) => filterReader(origin, rows));
    return chosenRows(rows.slice.offsetsNs.length, undefined, (row) => passes(row) === true);
  }
}

/** In a filter a tag that a series lacks is '', and a field has the type it was written with. */
function filterReader(origin: ColumnOrigin, { series, slice }: SeriesRows): RowReader {
  if (origin.kind === 'none') return () => null;
  if (origin.kind === 'tag') {
    const value: Cell = tagValue(series.tags, origin.name);
    return () => value;
  }
  const column = slice.columns.find((each) => each.name === origin.name)?.column;
  return column === undefined ? () => null : (row) => valueAt(column, row) ?? null;
}
