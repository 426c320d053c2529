/** The four types a field of InfluxDB 1.x can have. */
export const FIELD_TYPES = ['float', 'integer', 'string', 'boolean'] as const;
export type FieldType = (typeof FIELD_TYPES)[number];

/**
 * Values of one field over rows. Bit i of `validity` (bit i & 7 of byte i >> 3) says whether row i has a value; absent
 * means that every row has one. A value under a zero bit is meaningless. Read-only once shared.
 */
export type Column = FloatColumn | IntegerColumn | BooleanColumn | StringColumn;

export interface FloatColumn {
  readonly type: 'float';
  readonly values: Float64Array;
  readonly validity?: Uint8Array | undefined;
}

/** Float64Array while every value is within ±(2^53 − 1); BigInt64Array as soon as one is not: the exact slow path. */
export interface IntegerColumn {
  readonly type: 'integer';
  readonly values: Float64Array | BigInt64Array;
  readonly validity?: Uint8Array | undefined;
}

/** 0 or 1 per row. */
export interface BooleanColumn {
  readonly type: 'boolean';
  readonly values: Uint8Array;
  readonly validity?: Uint8Array | undefined;
}

export interface StringColumn {
  readonly type: 'string';
  readonly values: readonly string[];
  readonly validity?: Uint8Array | undefined;
}

/** A column with the field's name. */
export interface NamedColumn {
  readonly name: string;
  readonly column: Column;
}

/** One value outside columns. bigint only for an integer beyond ±(2^53 − 1). */
export type FieldValue = number | bigint | string | boolean;

/** Whether the row has a value in this column. */
export function hasValue({ validity }: Pick<Column, 'validity'>, rowIndex: number): boolean {
  return validity === undefined || ((validity[rowIndex >> 3]! >> (rowIndex & 7)) & 1) === 1;
}

/** The value of a row, undefined where the row has none. */
export function valueAt(column: Column, rowIndex: number): FieldValue | undefined {
  if (!hasValue(column, rowIndex)) return undefined;
  switch (column.type) {
    case 'boolean':
      return column.values[rowIndex] === 1;
    case 'integer': {
      const value = column.values[rowIndex]!;
      return typeof value === 'bigint' && value >= -MAX_SAFE && value <= MAX_SAFE ? Number(value) : value;
    }
    case 'float':
    case 'string':
      return column.values[rowIndex]!;
  }
}

const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER);
