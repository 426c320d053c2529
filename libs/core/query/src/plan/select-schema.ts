import type { FieldType } from '@varve/model';
import type { SchemaView } from './schema-view.ts';

/** A measurement that a statement reads, with its schema. */
export interface SourceMeasurement {
  readonly database: string;
  readonly retentionPolicy: string;
  readonly name: string;
  readonly fields: ReadonlyMap<string, FieldType>;
}

/** The types that fields have over several sources: float before integer before string before boolean. */
export function mergedFields(sources: readonly { readonly fields: ReadonlyMap<string, FieldType> }[]): ReadonlyMap<string, FieldType> {
  if (sources.length === 1) return sources[0]!.fields;
  const merged = new Map<string, FieldType>();
  for (const { fields } of sources) {
    for (const [name, type] of fields) {
      const known = merged.get(name);
      if (known === undefined || RANK[type] < RANK[known]) merged.set(name, type);
    }
  }
  return merged;
}

const RANK: Record<FieldType, number> = { float: 0, integer: 1, string: 2, boolean: 3 };

/** All tag keys of the measurements, sorted. */
export function mergedTagKeys(measurements: readonly SourceMeasurement[], schema: SchemaView): readonly string[] {
  const keys = measurements.flatMap(({ database, retentionPolicy, name }) => schema.tagKeys(database, retentionPolicy, name));
  return [...new Set(keys)].sort();
}
