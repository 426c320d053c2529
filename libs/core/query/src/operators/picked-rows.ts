import { hasValue, type Column, type SeriesSlice } from '@varve/model';

/** Some rows of a slice, in arrays of their own. */
export function pickedRows({ offsetsNs, columns }: SeriesSlice, rows: Int32Array): SeriesSlice {
  return { offsetsNs: pickedNumbers(offsetsNs, rows), columns: columns.map(({ name, column }) => ({ name, column: pickedColumn(column, rows) })) };
}

function pickedColumn(column: Column, rows: Int32Array): Column {
  const validity = pickedValidity(column, rows);
  switch (column.type) {
    case 'float':
      return { type: 'float', values: pickedNumbers(column.values, rows), validity };
    case 'integer': {
      const { values } = column;
      return { type: 'integer', values: values instanceof Float64Array ? pickedNumbers(values, rows) : BigInt64Array.from(rows, (row) => values[row]!), validity };
    }
    case 'boolean':
      return { type: 'boolean', values: Uint8Array.from(rows, (row) => column.values[row]!), validity };
    case 'string':
      return { type: 'string', values: Array.from(rows, (row) => column.values[row]!), validity };
  }
}

function pickedNumbers(values: Float64Array, rows: Int32Array): Float64Array {
  const picked = new Float64Array(rows.length);
  for (let index = 0; index < rows.length; index += 1) picked[index] = values[rows[index]!]!;
  return picked;
}

/** Undefined where all rows have a value. */
function pickedValidity(column: Column, rows: Int32Array): Uint8Array | undefined {
  if (column.validity === undefined) return undefined;
  const bits = new Uint8Array(Math.ceil(rows.length / 8));
  let count = 0;
  for (let index = 0; index < rows.length; index += 1) {
    if (!hasValue(column, rows[index]!)) continue;
    bits[index >> 3]! |= 1 << (index & 7);
    count += 1;
  }
  return count === rows.length ? undefined : bits;
}
