import type { ShowCardinalityStatement } from '../influxql/ast.ts';
import { planError, type PlanError } from '../plan/schema-view.ts';
import { hasTimeCondition, ofPresentTags, showFilter } from './show-filter.ts';
import { selectedParts, showPart, type ShowNeeds } from './selected-parts.ts';
import type { SeriesQuestion } from './series-question.ts';
import type { ShowContext } from './show-scope.ts';

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
  const parts = selectedParts(statement, context);
  if ('kind' in parts) return parts;
  const wanted = wantedBy(statement);
  return { kind: 'series', parts: parts.map((part) => showPart(part, wanted, filter)) };
}

function estimateNeeds(statement: ShowCardinalityStatement, context: ShowContext): ShowNeeds | PlanError {
  const name = statement.database ?? context.database;
  if (name === undefined || name === '') return planError('database name required');
  const database = context.catalog.databases.get(name);
  if (database === undefined) return { kind: 'catalog' };
  // The catalog keeps a measurement of which everything was deleted.
  const wants = statement.kind === 'showSeriesCardinality' ? 'sketch' : 'measurements';
  const parts = [...database.retentionPolicies.values()].map((policy) => ({
    policies: [policy.id],
    question: { wants, measurements: [...policy.measurements.keys()], filter: { kind: 'all' } } satisfies SeriesQuestion,
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
