import type { Cell, Column, FieldType, NamedColumn, SeriesBlock } from '@varve/model';
import { int64Of } from '../influxql/int64.ts';
import { tagValue } from '../operators/tag-value.ts';
import type { RowColumn } from '../plan/query-plan.ts';

/** Rows of a block, half-open. */
export interface RowRange {
  readonly start: number;
  readonly end: number;
}

/** Makes columns of some rows of a block; one without a value is left out. */
export type CellColumns = (block: SeriesBlock, range: RowRange) => readonly NamedColumn[];

export function cellColumns(columns: readonly RowColumn[]): CellColumns {
  return (block, range) =>
    columns.flatMap(({ name, type, projection }): NamedColumn[] => {
      const column = projection === undefined ? tagColumn(block, name, range) : columnOf(type, block.cells[projection]!, range);
      return column === undefined ? [] : [{ name, column }];
    });
}

/** As InfluxDB has it, a tag that the series lacks is an empty text here. */
function tagColumn({ tags = [] }: SeriesBlock, key: string, { start, end }: RowRange): Column {
  return { type: 'string', values: new Array<string>(end - start).fill(tagValue(tags, key)) };
}

function columnOf(type: FieldType, cells: readonly Cell[], { start, end }: RowRange): Column | undefined {
  const validity = new Uint8Array((end - start + 7) >> 3);
  let valueCount = 0;
  for (let row = 0; row < end - start; row += 1) {
    if (!isOfType(type, cells[start + row]!)) continue;
    validity[row >> 3]! |= 1 << (row & 7);
    valueCount += 1;
  }
  if (valueCount === 0) return undefined;
  const valid = valueCount === end - start ? undefined : validity;
  return { type, values: valuesOf(type, cells.slice(start, end)), validity: valid } as Column;
}

function isOfType(type: FieldType, cell: Cell): boolean {
  if (type === 'string' || type === 'boolean') return typeof cell === type;
  return typeof cell === 'number' || typeof cell === 'bigint';
}

/** What stands under a cell that is none has no meaning. */
function valuesOf(type: FieldType, cells: readonly Cell[]): Column['values'] {
  switch (type) {
    case 'string':
      return cells.map((cell) => (typeof cell === 'string' ? cell : ''));
    case 'boolean':
      return Uint8Array.from(cells, (cell) => (cell === true ? 1 : 0));
    case 'float':
      return Float64Array.from(cells, Number);
    case 'integer':
      return integers(cells);
  }
}

/** What has a fraction, a quotient, is cut towards zero. */
function integers(cells: readonly Cell[]): Float64Array | BigInt64Array {
  const numbers = Float64Array.from(cells, (cell) => (typeof cell === 'bigint' ? NaN : Math.trunc(Number(cell)) + 0));
  if (numbers.every((value) => Number.isSafeInteger(value))) return numbers;
  return BigInt64Array.from(cells, (cell, row) => (typeof cell === 'bigint' ? cell : int64Of(numbers[row]!)));
}
