import { countValid } from './bits.ts';

/** Anything with values by index: typed arrays and lists of strings. */
interface Values<Value> {
  readonly length: number;
  [index: number]: Value;
}

/** The rows whose bit is set, ascending. */
export function validRows(validity: Uint8Array, rowCount: number, validCount: number): Uint32Array {
  const rows = new Uint32Array(validCount);
  let filled = 0;
  for (let row = 0; row < rowCount; row += 1) {
    if (((validity[row >> 3]! >> (row & 7)) & 1) === 1) rows[filled++] = row;
  }
  return rows;
}

/** Fills `into` with the values of the given rows, one after the other. */
export function gather<Value, Into extends Values<Value>>(
  values: { readonly [index: number]: Value },
  rows: Uint32Array,
  into: Into,
): Into {
  for (let index = 0; index < rows.length; index += 1) into[index] = values[rows[index]!]!;
  return into;
}

/** Where values belong: bit i of `validity` is whether row i has one. No validity: each has. */
export interface Rows {
  readonly rowCount: number;
  readonly validity: Uint8Array | undefined;
}

/** The inverse of {@link gather}, in place: from the last row on, values move to their rows, `none` to the others. */
export function spread<Value, Into extends Values<Value>>(
  values: Into,
  { rowCount, validity }: Rows,
  none: Value,
): Into {
  if (validity === undefined) return values;
  let at = countValid(validity, rowCount);
  for (let row = rowCount - 1; row >= 0; row -= 1) {
    const isValid = ((validity[row >> 3]! >> (row & 7)) & 1) === 1;
    values[row] = isValid ? values[--at]! : none;
  }
  return values;
}
