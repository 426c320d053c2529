import { hasValue, type Column, type FieldType, type FieldValue } from '@varve/model';

/** The values that one field of one series has in some rows; rows without a value are left out. All arrays run alike. */
export interface Vector {
  readonly type: FieldType;
  /** Ascending, from the shard's start. */
  readonly offsetsNs: Float64Array;
  readonly values: Column['values'];
  /** Index → row of the slice; undefined: index and row are the same. */
  readonly rowIndexes: Int32Array | undefined;
}

/**
 * Dense values of a column for the rows that a filter left over (undefined: all). The arrays are shared with the column
 * where nothing was left out.
 */
export function denseVector(column: Column, offsetsNs: Float64Array, selected: Int32Array | undefined): Vector {
  if (selected === undefined && column.validity === undefined) {
    return { type: column.type, offsetsNs, values: column.values, rowIndexes: undefined };
  }
  const rowIndexes = rowsWithValue(column, selected, offsetsNs.length);
  const offsets = new Float64Array(rowIndexes.length);
  for (let index = 0; index < rowIndexes.length; index += 1) offsets[index] = offsetsNs[rowIndexes[index]!]!;
  return { type: column.type, offsetsNs: offsets, values: gather(column.values, rowIndexes), rowIndexes };
}

/** The value at an index, outside of columns. */
export function valueIn(vector: Vector, index: number): FieldValue {
  const value = vector.values[index]!;
  if (typeof value === 'bigint') return exactNumber(value);
  return vector.type === 'boolean' ? value === 1 : value;
}

/** A number where it is exact, else the bigint itself. */
export function exactNumber(value: bigint): number | bigint {
  return value >= -MAX_SAFE && value <= MAX_SAFE ? Number(value) : value;
}

const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER);

function rowsWithValue(column: Column, selected: Int32Array | undefined, rowCount: number): Int32Array {
  const candidateCount = selected?.length ?? rowCount;
  const rows = new Int32Array(candidateCount);
  let count = 0;
  for (let index = 0; index < candidateCount; index += 1) {
    const row = selected === undefined ? index : selected[index]!;
    if (hasValue(column, row)) rows[count++] = row;
  }
  return rows.subarray(0, count);
}

function gather(values: Column['values'], rowIndexes: Int32Array): Column['values'] {
  if (values instanceof Float64Array) return gatherInto(new Float64Array(rowIndexes.length), values, rowIndexes);
  if (values instanceof BigInt64Array) return gatherInto(new BigInt64Array(rowIndexes.length), values, rowIndexes);
  if (values instanceof Uint8Array) return gatherInto(new Uint8Array(rowIndexes.length), values, rowIndexes);
  return Array.from(rowIndexes, (row) => values[row]!);
}

function gatherInto<Values extends { [index: number]: number | bigint }>(target: Values, source: Values, rowIndexes: Int32Array): Values {
  for (let index = 0; index < rowIndexes.length; index += 1) target[index] = source[rowIndexes[index]!]!;
  return target;
}
