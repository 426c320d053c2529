import type { Cell } from '@varve/model';
import { NumberCells, TagCells, type ReadCells } from '../partial/read-cells.ts';

/** Rows of several blocks, one after the other. */
interface RowOrder {
  /** Row → place of its block. */
  readonly blockOf: readonly number[];
  /** Row → row of its block. */
  readonly rows: readonly number[];
}

/** A column of these rows, of the columns of their blocks. A loop that meets one kind of column is several times as fast as one that meets all. */
export function cellsInOrder(columns: readonly ReadCells[], order: RowOrder): Cell[] {
  if (columns.every((column) => column instanceof NumberCells)) return readNumbers(columns, order);
  if (columns.every((column) => column instanceof TagCells)) return readTags(columns, order);
  return order.rows.map((row, index) => cellAt(columns[order.blockOf[index]!]!, row));
}

/** The same of numbers that are in arrays already. */
export function numbersInOrder(columns: readonly (readonly number[])[], { blockOf, rows }: RowOrder): number[] {
  const numbers: number[] = [];
  for (let index = 0; index < rows.length; index += 1) numbers.push(columns[blockOf[index]!]![rows[index]!]!);
  return numbers;
}

function readNumbers(columns: readonly NumberCells[], { blockOf, rows }: RowOrder): number[] {
  const numbers: number[] = [];
  for (let index = 0; index < rows.length; index += 1) numbers.push(columns[blockOf[index]!]!.at(rows[index]!));
  return numbers;
}

function readTags(columns: readonly TagCells[], { blockOf, rows }: RowOrder): (string | null)[] {
  const tags: (string | null)[] = [];
  for (let index = 0; index < rows.length; index += 1) tags.push(columns[blockOf[index]!]!.at(rows[index]!));
  return tags;
}

function cellAt(column: ReadCells, row: number): Cell {
  return column instanceof NumberCells || column instanceof TagCells ? column.at(row) : column[row]!;
}
