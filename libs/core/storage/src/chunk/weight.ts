import type { SortedRows } from '../sorted-rows.ts';

/** A row's time, its version, and itself. */
const WEIGHT_PER_ROW = 3;

/** How much rows [startRow, endRow) hold: a cell counts one, a row three more, each character of text one. */
export function weightOf(rows: SortedRows, startRow = 0, endRow = rows.offsetsNs.length): number {
  const lengths = textLengths(rows);
  const textLength = lengths === undefined ? 0 : lengths[endRow]! - lengths[startRow]!;
  return (endRow - startRow) * (rows.columns.length + WEIGHT_PER_ROW) + textLength;
}

/** Row → characters of text before it; undefined: there is no text. Of the same rows it is found out once. */
export function textLengths(rows: SortedRows): Float64Array | undefined {
  if (rows.columns.every(({ column }) => column.type !== 'string')) return undefined;
  let lengths = known.get(rows);
  if (lengths === undefined) known.set(rows, (lengths = measureText(rows)));
  return lengths;
}

const known = new WeakMap<SortedRows, Float64Array>();

function measureText({ columns, offsetsNs }: SortedRows): Float64Array {
  const lengths = new Float64Array(offsetsNs.length + 1);
  for (const { column } of columns) {
    if (column.type !== 'string') continue;
    for (let row = 0, sum = 0; row < offsetsNs.length; row += 1) lengths[row + 1]! += sum += column.values[row]!.length;
  }
  return lengths;
}
