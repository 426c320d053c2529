import type { Database, RetentionPolicy } from '@varve/model';
import type { MeasurementSource, ShowCardinalityStatement } from '../influxql/ast.ts';
import { textMatcher } from '../plan/expression.ts';
import { planError, type PlanError } from '../plan/schema-view.ts';
import { hasTimeCondition, ofPresentTags, showFilter, type ShowFilter } from './show-filter.ts';
import type { SeriesQuestion, ShowNeeds } from './series-question.ts';
import { partMeasurements, type ScopePart, type ShowContext } from './show-scope.ts';

/** As InfluxDB names them when it refuses a WHERE on time. */
const TITLES = {
  showSeriesCardinality: 'SHOW SERIES EXACT CARDINALITY',
  showMeasurementCardinality: 'SHOW MEASUREMENT EXACT CARDINALITY',
  showTagKeyCardinality: 'SHOW TAG KEY EXACT CARDINALITY',
  showTagValuesCardinality: 'SHOW TAG VALUES EXACT CARDINALITY',
  showFieldKeyCardinality: 'SHOW FIELD KEY CARDINALITY',
} satisfies Record<ShowCardinalityStatement['kind'], string>;

/**
 * Whether a number about the whole database is asked for, and an estimate will do: of series and measurements, with nothing
 * behind CARDINALITY but ON. All else is counted exactly, with EXACT and without, as in InfluxDB.
 */
export function isEstimate(statement: ShowCardinalityStatement): boolean {
  const { kind, isExact, sources, condition, dimensions, limit, offset } = statement;
  const isOfDatabase = kind === 'showSeriesCardinality' || kind === 'showMeasurementCardinality';
  return isOfDatabase && !isExact && sources.length === 0 && condition === undefined && dimensions.length === 0 && limit === 0 && offset === 0;
}

/** What a cardinality is counted from. */
export function cardinalityNeeds(statement: ShowCardinalityStatement, context: ShowContext): ShowNeeds | PlanError {
  if (isEstimate(statement)) return estimateNeeds(statement, context);
  const refusal = refusalOf(statement);
  if (refusal !== undefined) return planError(refusal);
  const isOfValues = statement.kind === 'showTagValuesCardinality';
  const shown = showFilter(statement.condition, context.nowNs, isOfValues);
  if (shown.kind === 'error') return shown;
  const filter = isOfValues ? ofPresentTags(shown) : shown;
  const parts = cardinalityScope(statement, context);
  if ('kind' in parts) return parts;
  const wanted = wantedBy(statement);
  return { kind: 'series', parts: parts.map((part) => ({ policies: part.policies.map(({ id }) => id), question: questionOf(part, wanted, filter) })) };
}

function estimateNeeds(statement: ShowCardinalityStatement, context: ShowContext): ShowNeeds | PlanError {
  const name = statement.database ?? context.database;
  if (name === undefined || name === '') return planError('database name required');
  const database = context.catalog.databases.get(name);
  if (statement.kind !== 'showSeriesCardinality' || database === undefined) return { kind: 'catalog' };
  const parts = [...database.retentionPolicies.values()].map((policy) => ({
    policies: [policy.id],
    question: { wants: 'sketch', measurements: [...policy.measurements.keys()], filter: { kind: 'all' } } satisfies SeriesQuestion,
  }));
  return { kind: 'series', parts };
}

function refusalOf({ kind, condition, dimensions }: ShowCardinalityStatement): string | undefined {
  if (kind !== 'showTagValuesCardinality' && hasTimeCondition(condition)) return `${TITLES[kind]} doesn't support time in WHERE clause`;
  const isTag = dimensions.every((each) => each.kind === 'variable' || each.kind === 'wildcard' || each.kind === 'regex');
  return isTag ? undefined : `${TITLES[kind]} doesn't support GROUP BY time`;
}

/** Groups are made of series. */
function wantedBy(statement: ShowCardinalityStatement): Pick<SeriesQuestion, 'wants' | 'keyMatch'> {
  const { kind, condition, dimensions } = statement;
  if (dimensions.length > 0) return { wants: 'seriesKeys' };
  if (condition === undefined && (kind === 'showMeasurementCardinality' || kind === 'showFieldKeyCardinality')) return { wants: 'measurements' };
  if (kind === 'showTagKeyCardinality') return { wants: 'tagKeys' };
  return kind === 'showTagValuesCardinality' ? { wants: 'tagValues', keyMatch: statement.keyMatch } : { wants: 'seriesKeys' };
}

function questionOf(part: ScopePart, wanted: Pick<SeriesQuestion, 'wants' | 'keyMatch'>, { filter, nameFilter, range }: ShowFilter): SeriesQuestion {
  return { ...wanted, measurements: partMeasurements(part).map(([name]) => name), filter, nameFilter, range };
}

/** As a SELECT sees it: a source without a policy is in the default one. One part per source; without a FROM one over the default policy. */
export function cardinalityScope(statement: ShowCardinalityStatement, context: ShowContext): readonly ScopePart[] | PlanError {
  const everything: MeasurementSource = { kind: 'measurement', database: undefined, retentionPolicy: undefined, name: undefined, regex: undefined };
  const parts: ScopePart[] = [];
  for (const source of statement.sources.length === 0 ? [everything] : statement.sources) {
    const policy = policyOf(source, statement.database ?? context.database, context);
    if ('kind' in policy) return policy;
    parts.push({ policies: [policy], isWanted: matcherOf(source) });
  }
  return parts;
}

function policyOf(source: MeasurementSource, defaultDatabase: string | undefined, { catalog }: ShowContext): RetentionPolicy | PlanError {
  const name = source.database ?? defaultDatabase;
  if (name === undefined || name === '') return planError('database name required');
  const database: Database | undefined = catalog.databases.get(name);
  if (database === undefined) return planError(`database not found: ${name}`);
  const wanted = source.retentionPolicy ?? database.defaultRetentionPolicy;
  return database.retentionPolicies.get(wanted) ?? planError(`retention policy not found: ${wanted}`);
}

function matcherOf({ name, regex }: MeasurementSource): (measurement: string) => boolean {
  if (regex !== undefined) return textMatcher(regex);
  return name === undefined ? () => true : (measurement) => measurement === name;
}
