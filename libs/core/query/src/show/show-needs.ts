import type { ShowCardinalityStatement, ShowStatement } from '../influxql/ast.ts';
import type { PlanError } from '../plan/schema-view.ts';
import { cardinalityNeeds } from './cardinality-needs.ts';
import type { SeriesQuestion, ShowNeeds } from './series-question.ts';
import { showFilter, type ShowFilter } from './show-filter.ts';
import { notSupported, partMeasurements, showScope, type ScopedShow, type ShowContext } from './show-scope.ts';

/** Says what a SHOW statement needs, or why it cannot be answered. */
export function showNeeds(statement: ShowStatement, context: ShowContext): ShowNeeds | PlanError {
  switch (statement.kind) {
    case 'showDatabases':
    case 'showServers':
    case 'showRetentionPolicies':
    case 'showUsers':
    case 'showGrants':
    case 'showContinuousQueries':
    case 'showSubscriptions':
    case 'showShards':
    case 'showShardGroups':
      return { kind: 'catalog' };
    case 'showFieldKeys':
      return partsOf(statement, context, { wants: 'measurements' }, ALL_SERIES);
    case 'showMeasurements':
      return measurementsNeeds(statement, context);
    case 'showSeries':
      return namesNeeds(statement, context, { wants: 'seriesKeys' });
    case 'showTagKeys':
      return namesNeeds(statement, context, { wants: 'tagKeys' });
    case 'showTagValues':
      return namesNeeds(statement, context, { wants: 'tagValues', keyMatch: statement.keyMatch });
    case 'showSeriesCardinality':
    case 'showMeasurementCardinality':
    case 'showTagKeyCardinality':
    case 'showTagValuesCardinality':
    case 'showFieldKeyCardinality':
      return cardinalityNeeds(statement satisfies ShowCardinalityStatement, context);
    default:
      return notSupported(statement.kind);
  }
}

function measurementsNeeds(statement: ScopedShow & { readonly kind: 'showMeasurements' }, context: ShowContext): ShowNeeds {
  const needs = partsOf(statement, context, { wants: statement.condition === undefined ? 'measurements' : 'seriesKeys' }, ALL_SERIES);
  // InfluxDB knows no measurements of a database that is not there, and no error either.
  return needs.kind === 'error' ? { kind: 'catalog' } : needs;
}

const ALL_SERIES: ShowFilter = { kind: 'filter', filter: { kind: 'all' }, nameFilter: undefined, range: undefined };

function namesNeeds(statement: ScopedShow, context: ShowContext, wanted: Pick<SeriesQuestion, 'wants' | 'keyMatch'>): ShowNeeds | PlanError {
  const filter = showFilter(statement.condition, context.nowNs, wanted.wants === 'tagValues');
  return filter.kind === 'error' ? filter : partsOf(statement, context, wanted, filter);
}

function partsOf(statement: ScopedShow, context: ShowContext, wanted: Pick<SeriesQuestion, 'wants' | 'keyMatch'>, { filter, nameFilter, range }: ShowFilter): ShowNeeds | PlanError {
  const scope = showScope(statement, context);
  if (scope.kind === 'error') return scope;
  return {
    kind: 'series',
    parts: scope.parts.map((part) => ({
      policies: part.policies.map(({ id }) => id),
      question: { ...wanted, measurements: partMeasurements(part).map(([name]) => name), filter, nameFilter, range },
    })),
  };
}
