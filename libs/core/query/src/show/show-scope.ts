import type { TimestampNs } from '@varve/base';
import type { Catalog, Database, FieldType, RetentionPolicy } from '@varve/model';
import type { MeasurementSource, ShowStatement } from '../influxql/ast.ts';
import { textMatcher } from '../influxql/text-matcher.ts';
import { planError, type PlanError } from '../plan/schema-view.ts';

/** SHOW statements that look into one database and are answered here. */
export type ScopedShow = Extract<ShowStatement, { readonly kind: 'showMeasurements' | 'showTagKeys' | 'showTagValues' | 'showFieldKeys' }>;

/** What a SHOW statement is asked against. */
export interface ShowContext {
  readonly catalog: Catalog;
  /** The database of the request, for statements that name none. */
  readonly database: string | undefined;
  /** The policy of the request, where a statement that means one policy names none. Absent: the default one. */
  readonly retentionPolicy?: string | undefined;
  /** `now()` in the statement. */
  readonly nowNs: TimestampNs;
}

/** The policies and measurements that a SHOW statement looks at. */
export interface ResolvedScope {
  readonly kind: 'scope';
  readonly database: Database;
  /** One per source; without a FROM one over everything. */
  readonly parts: readonly ScopePart[];
}

export interface ScopePart {
  readonly policies: readonly RetentionPolicy[];
  isWanted(measurement: string): boolean;
}

/** Finds database and policies by name. */
export function showScope(statement: ScopedShow, context: ShowContext): ResolvedScope | PlanError {
  const name = databaseOf(statement) ?? context.database;
  if (name === undefined || name === '') return planError('database name required');
  const database = context.catalog.databases.get(name);
  if (database === undefined) return planError(`database not found: ${name}`);
  const policies = unnamedPolicies(database, statement, context.retentionPolicy);
  if ('kind' in policies) return policies;
  if (statement.sources.length === 0) return { kind: 'scope', database, parts: [{ policies, isWanted: () => true }] };
  const parts: ScopePart[] = [];
  for (const source of statement.sources) {
    const part = scopePart(database, source, policies);
    if ('kind' in part) return part;
    parts.push(part);
  }
  return { kind: 'scope', database, parts };
}

/** Beside ON, FROM says where fields are; where tags are, ON does, as in InfluxDB. */
function databaseOf({ kind, database, sources }: ScopedShow): string | undefined {
  const source = sources[0]?.database;
  return kind === 'showFieldKeys' ? (source ?? database) : (database ?? source);
}

function scopePart(database: Database, source: MeasurementSource, unnamed: readonly RetentionPolicy[]): ScopePart | PlanError {
  const matches = matcherOf(source);
  if (source.retentionPolicy === undefined) return { policies: unnamed, isWanted: matches };
  const policy = database.retentionPolicies.get(source.retentionPolicy);
  if (policy === undefined) return planError(`retention policy not found: ${source.retentionPolicy}`);
  return { policies: [policy], isWanted: matches };
}

/** Whether a source names a measurement; one that names none means all. */
export function matcherOf({ name, regex }: MeasurementSource): (measurement: string) => boolean {
  if (regex !== undefined) return textMatcher(regex);
  return name === undefined ? () => true : (measurement) => measurement === name;
}

type ScopedMeasurement = readonly [name: string, fields: ReadonlyMap<string, FieldType>];

/** Measurements in one part of it. */
export function partMeasurements(part: ScopePart): readonly ScopedMeasurement[] {
  return scopedMeasurements({ parts: [part] });
}

/** Measurements in the scope with their fields over all its policies, sorted by name. */
export function scopedMeasurements({ parts }: Pick<ResolvedScope, 'parts'>): readonly ScopedMeasurement[] {
  const measurements = new Map<string, Map<string, FieldType>>();
  for (const { policies, isWanted } of parts) {
    for (const [name, fields] of policies.flatMap((policy) => [...policy.measurements])) {
      if (!isWanted(name)) continue;
      const known = measurements.get(name) ?? new Map<string, FieldType>();
      for (const [field, type] of fields) known.set(field, type);
      measurements.set(name, known);
    }
  }
  return [...measurements].sort(([left], [right]) => compareTexts(left, right));
}

/** Where a source is that names no policy: in any, but fields in the one of the request or the default one alone, as in InfluxDB. */
function unnamedPolicies({ retentionPolicies, defaultRetentionPolicy }: Database, { kind }: ScopedShow, asked: string | undefined): readonly RetentionPolicy[] | PlanError {
  if (kind !== 'showFieldKeys') return [...retentionPolicies.values()];
  const policy = retentionPolicies.get(asked ?? defaultRetentionPolicy);
  return policy === undefined ? planError(`retention policy not found: ${asked ?? defaultRetentionPolicy}`) : [policy];
}

/** By code unit, as for `Array.sort`. */
export function compareTexts(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

/** For a SHOW that nothing here answers. */
export function notSupported(kind: ShowStatement['kind']): PlanError {
  const words = kind.replaceAll(/[A-Z]/g, (letter) => ` ${letter}`).toUpperCase();
  return planError(`${words} is not supported`);
}
