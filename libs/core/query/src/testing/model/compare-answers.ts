import type { Cell } from '@varve/model';
import type { Answer } from '../memory-engine.ts';

/** Where two answers differ, in words; undefined: they are the same. Floats may differ in their last bits. */
export function differenceOf(left: Answer, right: Answer): string | undefined {
  if (left.error !== undefined || right.error !== undefined) return left.error === right.error ? undefined : `errors: ${left.error} / ${right.error}`;
  const [ones, others] = [left.series ?? [], right.series ?? []];
  if (ones.length !== others.length) return `${ones.length} / ${others.length} series`;
  for (const [at, one] of ones.entries()) {
    const other = others[at]!;
    const head = `series ${at}`;
    if (one.name !== other.name) return `${head}: ${one.name} / ${other.name}`;
    if (JSON.stringify(one.tags) !== JSON.stringify(other.tags)) return `${head}: tags ${JSON.stringify(one.tags)} / ${JSON.stringify(other.tags)}`;
    if (one.columns.join() !== other.columns.join()) return `${head}: columns ${one.columns.join()} / ${other.columns.join()}`;
    if (one.values.length !== other.values.length) return `${head}: ${one.values.length} / ${other.values.length} rows`;
    for (const [row, cells] of one.values.entries()) {
      const column = cells.findIndex((cell, index) => !isSame(cell, other.values[row]![index]!));
      if (column >= 0) return `${head}, row ${row}, ${one.columns[column]}: ${String(cells[column])} / ${String(other.values[row]![column])}`;
    }
  }
  return undefined;
}

function isSame(left: Cell, right: Cell): boolean {
  if (left === right) return true;
  const isNumeric = (cell: Cell): cell is number | bigint => typeof cell === 'number' || typeof cell === 'bigint';
  if (!isNumeric(left) || !isNumeric(right)) return false;
  if (typeof left === 'bigint' || typeof right === 'bigint') {
    if (Number.isInteger(Number(left)) && Number.isInteger(Number(right)) && BigInt(left) === BigInt(right)) return true;
    if (typeof left === typeof right) return false;
  }
  const [one, other] = [Number(left), Number(right)];
  return Math.abs(one - other) <= 1e-12 * Math.max(Math.abs(one), Math.abs(other), 1);
}
