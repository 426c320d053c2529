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

/** The inverse of {@link gather}: rows that are not given keep what is in `into`. */
export function scatter<Value, Into extends Values<Value>>(
  values: { readonly [index: number]: Value },
  rows: Uint32Array,
  into: Into,
): Into {
  for (let index = 0; index < rows.length; index += 1) into[rows[index]!] = values[index]!;
  return into;
}
