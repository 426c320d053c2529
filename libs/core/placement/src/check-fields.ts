import { hasValue, type FieldType, type MeasurementTable, type NamedColumn, type RetentionPolicy } from '@varve/model';

/** A field that the catalog does not know yet. */
export interface NewField {
  readonly measurement: string;
  readonly field: string;
  readonly type: FieldType;
}

/** What the types of one table's fields mean for its rows. */
export interface CheckedFields {
  /** The columns whose type is the field's; rows that are kept have values in no other. */
  readonly columns: readonly NamedColumn[];
  readonly newFields: readonly NewField[];
  /** Row → 1: it has a value of another type than its field's, so all of it is dropped. undefined: no row. */
  readonly isConflict: Uint8Array | undefined;
  readonly conflictCount: number;
  /** In InfluxDB's words, of the first such row. */
  readonly reason: string | undefined;
}

/**
 * Compares the fields of a table with the types that the catalog has. A point with one conflicting field is dropped
 * whole, as InfluxDB 1.6.7 does. Where the catalog has no type yet, the field's first value in row order decides;
 * InfluxDB would lose the whole body. A field whose every row is dropped registers nothing.
 */
export function checkFields(
  table: MeasurementTable,
  policy: RetentionPolicy,
  isDropped: (rowIndex: number) => boolean,
): CheckedFields {
  const known = policy.measurements.get(table.measurement);
  const isPlain = table.columns.every(({ name, column }) => known?.get(name) === column.type);
  if (isPlain)
    return { columns: table.columns, newFields: [], isConflict: undefined, conflictCount: 0, reason: undefined };
  return checkByRow(table, policy, isDropped);
}

/** The slow way: row by row, types of new fields becoming known on the way. */
function checkByRow(
  table: MeasurementTable,
  policy: RetentionPolicy,
  isDropped: (rowIndex: number) => boolean,
): CheckedFields {
  const { measurement, rowCount, columns } = table;
  const types = new Map(policy.measurements.get(measurement));
  const newFields: NewField[] = [];
  let isConflict: Uint8Array | undefined;
  let conflictCount = 0;
  let reason: string | undefined;
  for (let row = 0; row < rowCount; row += 1) {
    if (isDropped(row)) continue;
    const present = columns.filter(({ column }) => hasValue(column, row));
    const conflict = conflictOf(present, types);
    if (conflict !== undefined) {
      isConflict ??= new Uint8Array(rowCount);
      isConflict[row] = 1;
      conflictCount += 1;
      reason ??= conflictText(measurement, conflict);
      continue;
    }
    for (const { name, column } of present) {
      if (types.has(name)) continue;
      types.set(name, column.type);
      newFields.push({ measurement, field: name, type: column.type });
    }
  }
  const kept = columns.filter(({ name, column }) => types.get(name) === column.type);
  return { columns: kept, newFields, isConflict, conflictCount, reason };
}

interface Conflict {
  readonly field: string;
  readonly type: FieldType;
  readonly existing: FieldType;
}

/** The first field of a row that has another type than it should; two types in one row conflict with each other. */
function conflictOf(present: readonly NamedColumn[], types: ReadonlyMap<string, FieldType>): Conflict | undefined {
  const own = new Map<string, FieldType>();
  for (const { name, column } of present) {
    const existing = types.get(name) ?? own.get(name);
    if (existing !== undefined && existing !== column.type) return { field: name, type: column.type, existing };
    own.set(name, column.type);
  }
  return undefined;
}

function conflictText(measurement: string, { field, type, existing }: Conflict): string {
  return `field type conflict: input field "${field}" on measurement "${measurement}" is type ${type}, already exists as type ${existing}`;
}
