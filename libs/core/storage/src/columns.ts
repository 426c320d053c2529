import type { Column, FieldType, IntegerColumn } from '@varve/model';
import { copyBits, isBitSet, setBit, zeroBits } from './bits.ts';

/** Rows [startRow, endRow) of a column. Shares its values where it can. */
export function sliceColumn(column: Column, startRow: number, endRow: number): Column {
  const validity = sliceValidity(column.validity, startRow, endRow);
  switch (column.type) {
    case 'float':
      return { type: 'float', values: column.values.subarray(startRow, endRow), validity };
    case 'integer':
      return integerColumn(column.values.subarray(startRow, endRow), validity);
    case 'boolean':
      return { type: 'boolean', values: column.values.subarray(startRow, endRow), validity };
    case 'string':
      return { type: 'string', values: column.values.slice(startRow, endRow), validity };
  }
}

/** What one part brings to a longer column: a column of the wanted type, or only rows without a value. */
export interface ColumnPart {
  readonly column: Column | undefined;
  readonly rowCount: number;
}

/** The parts one after the other. Every column there is has the type. */
export function concatColumn(type: FieldType, parts: readonly ColumnPart[], rowCount: number): Column {
  const validity = concatValidity(parts, rowCount);
  switch (type) {
    case 'float':
      return { type, values: concatFloats(parts, rowCount), validity };
    case 'integer': {
      const isBig = parts.some(({ column }) => column?.values instanceof BigInt64Array);
      return integerColumn(isBig ? concatBigs(parts, rowCount) : concatFloats(parts, rowCount), validity);
    }
    case 'boolean':
      return { type, values: concatBooleans(parts, rowCount), validity };
    case 'string':
      return { type, values: concatStrings(parts), validity };
  }
}

/** Row i of the answer is row `rows[i]`, which has a value; where that is negative it has none. */
export function pickRows(column: Column, rows: Int32Array): Column {
  const validity = pickValidity(rows);
  switch (column.type) {
    case 'float':
      return { type: 'float', values: pickFloats(column.values, rows), validity };
    case 'integer': {
      const { values } = column;
      return integerColumn(
        values instanceof BigInt64Array ? pickBigs(values, rows) : pickFloats(values, rows),
        validity,
      );
    }
    case 'boolean':
      return { type: 'boolean', values: Uint8Array.from(rows, (row) => (row < 0 ? 0 : column.values[row]!)), validity };
    case 'string':
      return { type: 'string', values: Array.from(rows, (row) => (row < 0 ? '' : column.values[row]!)), validity };
  }
}

/** Row i of the answer is row `rows[i]`, which may be without a value. */
export function pickAnyRows(column: Column, rows: Int32Array): Column {
  const { validity } = column;
  return pickRows(column, validity === undefined ? rows : rows.map((row) => (isBitSet(validity, row) ? row : -1)));
}

/** Rows [startRow, endRow). */
export interface RowRange {
  readonly startRow: number;
  readonly endRow: number;
}

/** The rows of all ranges, which are `rowCount`, one range after the other. */
export function pickRanges(column: Column, ranges: readonly RowRange[], rowCount: number): Column {
  const validity = column.validity === undefined ? undefined : pickBits(column.validity, ranges, rowCount);
  switch (column.type) {
    case 'float':
      return { type: 'float', values: copyRanges(column.values, ranges, new Float64Array(rowCount)), validity };
    case 'integer': {
      const { values } = column;
      return integerColumn(
        values instanceof BigInt64Array
          ? copyRanges(values, ranges, new BigInt64Array(rowCount))
          : copyRanges(values, ranges, new Float64Array(rowCount)),
        validity,
      );
    }
    case 'boolean':
      return { type: 'boolean', values: copyRanges(column.values, ranges, new Uint8Array(rowCount)), validity };
    case 'string':
      return { type: 'string', values: ranges.flatMap(({ startRow, endRow }) => column.values.slice(startRow, endRow)), validity };
  }
}

interface NumberArray<Value> {
  readonly length: number;
  subarray(start: number, end: number): ArrayLike<Value>;
  set(values: ArrayLike<Value>, at: number): void;
}

/** As {@link pickRanges}, into an array of `rowCount`. */
export function copyRanges<Value, Values extends NumberArray<Value>>(from: NumberArray<Value>, ranges: readonly RowRange[], into: Values): Values {
  let row = 0;
  for (const { startRow, endRow } of ranges) {
    into.set(from.subarray(startRow, endRow), row);
    row += endRow - startRow;
  }
  return into;
}

/** The same integers as bigints. What lies under a zero validity bit may be anything. */
export function bigsOf(values: Float64Array | BigInt64Array): BigInt64Array {
  if (values instanceof BigInt64Array) return values;
  return BigInt64Array.from(values, (value) => (Number.isSafeInteger(value) ? BigInt(value) : 0n));
}

/** An integer column in the form that its values ask for: bigint only when one is beyond ±(2^53 − 1). */
export function integerColumn(values: Float64Array | BigInt64Array, validity: Uint8Array | undefined): IntegerColumn {
  if (values instanceof BigInt64Array) {
    const isSafe = values.every(
      (value, row) => (validity !== undefined && !isBitSet(validity, row)) || Number.isSafeInteger(Number(value)),
    );
    if (isSafe) return { type: 'integer', values: Float64Array.from(values, Number), validity };
  }
  return { type: 'integer', values, validity };
}

function sliceValidity(validity: Uint8Array | undefined, startRow: number, endRow: number): Uint8Array | undefined {
  if (validity === undefined) return undefined;
  const rowCount = endRow - startRow;
  const bits = zeroBits(rowCount);
  const count = copyBits({ bits, startRow: 0 }, { bits: validity, startRow }, rowCount);
  return count === rowCount ? undefined : bits;
}

function concatValidity(parts: readonly ColumnPart[], rowCount: number): Uint8Array | undefined {
  if (parts.every(({ column }) => column !== undefined && column.validity === undefined)) return undefined;
  const bits = zeroBits(rowCount);
  let startRow = 0;
  for (const part of parts) {
    if (part.column !== undefined)
      copyBits({ bits, startRow }, { bits: part.column.validity, startRow: 0 }, part.rowCount);
    startRow += part.rowCount;
  }
  return bits;
}

function concatFloats(parts: readonly ColumnPart[], rowCount: number): Float64Array {
  return concatNumbers(
    parts.map(({ column }) => column?.values as Float64Array | undefined),
    parts.map((part) => part.rowCount),
    rowCount,
  );
}

/** Parts of so many rows each, one after the other; 0 where there is none. Without a copy where they lie so in one buffer. */
export function concatNumbers(parts: readonly (Float64Array | undefined)[], rowCounts: readonly number[], rowCount: number): Float64Array {
  const [first] = parts;
  if (first !== undefined && areBesideEachOther(first, parts)) return new Float64Array(first.buffer, first.byteOffset, rowCount);
  const values = new Float64Array(rowCount);
  let startRow = 0;
  for (const [index, part] of parts.entries()) {
    if (part !== undefined) values.set(part, startRow);
    startRow += rowCounts[index]!;
  }
  return values;
}

function areBesideEachOther(first: Float64Array, parts: readonly (Float64Array | undefined)[]): boolean {
  let end = first.byteOffset;
  return parts.every((part) => {
    const isNext = part?.buffer === first.buffer && part.byteOffset === end;
    end += part?.byteLength ?? 0;
    return isNext;
  });
}

function concatBigs(parts: readonly ColumnPart[], rowCount: number): BigInt64Array {
  const values = new BigInt64Array(rowCount);
  let startRow = 0;
  for (const { column, rowCount: partRowCount } of parts) {
    if (column !== undefined) values.set(bigsOf(column.values as Float64Array | BigInt64Array), startRow);
    startRow += partRowCount;
  }
  return values;
}

function concatBooleans(parts: readonly ColumnPart[], rowCount: number): Uint8Array {
  const values = new Uint8Array(rowCount);
  let startRow = 0;
  for (const part of parts) {
    if (part.column !== undefined) values.set(part.column.values as Uint8Array, startRow);
    startRow += part.rowCount;
  }
  return values;
}

function concatStrings(parts: readonly ColumnPart[]): string[] {
  const values: string[] = [];
  for (const { column, rowCount } of parts) {
    for (let row = 0; row < rowCount; row += 1) values.push(column === undefined ? '' : (column.values[row] as string));
  }
  return values;
}

function pickValidity(rows: Int32Array): Uint8Array | undefined {
  if (rows.every((row) => row >= 0)) return undefined;
  const bits = zeroBits(rows.length);
  for (const [index, row] of rows.entries()) if (row >= 0) setBit(bits, index);
  return bits;
}

/** Undefined where all rows have a value. */
function pickBits(validity: Uint8Array, ranges: readonly RowRange[], rowCount: number): Uint8Array | undefined {
  const bits = zeroBits(rowCount);
  let [row, count] = [0, 0];
  for (const { startRow, endRow } of ranges) {
    count += copyBits({ bits, startRow: row }, { bits: validity, startRow }, endRow - startRow);
    row += endRow - startRow;
  }
  return count === rowCount ? undefined : bits;
}

function pickFloats(values: Float64Array, rows: Int32Array): Float64Array {
  const picked = new Float64Array(rows.length);
  for (let index = 0; index < rows.length; index += 1) {
    const row = rows[index]!;
    if (row >= 0) picked[index] = values[row]!;
  }
  return picked;
}

function pickBigs(values: BigInt64Array, rows: Int32Array): BigInt64Array {
  return BigInt64Array.from(rows, (row) => (row < 0 ? 0n : values[row]!));
}
