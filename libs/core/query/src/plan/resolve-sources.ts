import { textMatcher } from '../influxql/text-matcher.ts';
import type { MeasurementSource } from '../influxql/ast.ts';
import { planError, type PlanError, type SchemaView } from './schema-view.ts';
import type { SourceMeasurement } from './select-schema.ts';

/** Where names without a database or policy belong. */
export interface SourceDefaults {
  readonly database: string | undefined;
  readonly retentionPolicy: string | undefined;
  readonly schema: SchemaView;
}

/** The measurements that a FROM names, patterns expanded, in order of the statement: one that is named twice stands there twice (SO1). */
export function resolveSources(sources: readonly MeasurementSource[], defaults: SourceDefaults): readonly SourceMeasurement[] | PlanError {
  if (sources.length === 1) return resolveSource(sources[0]!, defaults);
  const resolved: SourceMeasurement[] = [];
  for (const source of sources) {
    const measurements = resolveSource(source, defaults);
    if ('kind' in measurements) return measurements;
    for (const measurement of measurements) resolved.push(measurement);
  }
  return resolved;
}

/** The same for the same measurement of the same policy. */
export function sourceId({ database, retentionPolicy, name }: SourceMeasurement): string {
  return JSON.stringify([database, retentionPolicy, name]);
}

/** A policy that is there. */
export interface NamedPolicy {
  readonly database: string;
  readonly retentionPolicy: string;
}

/** Where a name belongs that says so, or leaves it to the request. */
export function resolvePolicy(
  named: { readonly database: string | undefined; readonly retentionPolicy: string | undefined },
  defaults: SourceDefaults,
): NamedPolicy | PlanError {
  const database = named.database ?? defaults.database;
  if (database === undefined || database === '') return planError('database name required');
  const wanted = named.retentionPolicy ?? (named.database === undefined ? defaults.retentionPolicy : undefined);
  const policy = defaults.schema.resolvePolicy(database, wanted);
  if (policy.kind === 'databaseNotFound') return planError(`database not found: ${database}`);
  if (policy.kind === 'policyNotFound') return planError(`retention policy not found: ${policy.retentionPolicy}`);
  return { database, retentionPolicy: policy.retentionPolicy };
}

function resolveSource(source: MeasurementSource, defaults: SourceDefaults): readonly SourceMeasurement[] | PlanError {
  const { schema } = defaults;
  const policy = resolvePolicy(source, defaults);
  if ('kind' in policy) return policy;
  const { database, retentionPolicy } = policy;
  return measurementNames(source, () => schema.measurements(database, retentionPolicy)).map((name) => ({
    database,
    retentionPolicy,
    name,
    fields: schema.fields(database, retentionPolicy, name),
  }));
}

function measurementNames({ name, regex }: MeasurementSource, all: () => readonly string[]): readonly string[] {
  if (regex !== undefined) return all().filter(textMatcher(regex)).sort();
  return name === undefined ? [] : [name];
}
