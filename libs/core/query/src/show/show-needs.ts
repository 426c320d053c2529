import type { ShowCardinalityStatement, ShowStatement } from '../influxql/ast.ts';
import type { PlanError } from '../plan/schema-view.ts';
import { cardinalityNeeds } from './cardinality-needs.ts';
import { selectedParts, showPart, type ShowNeeds } from './selected-parts.ts';
import type { SeriesQuestion } from './series-question.ts';
import { showFilter, type ShowFilter } from './show-filter.ts';
import { notSupported, showScope, type ScopedShow, type ShowContext } from './show-scope.ts';

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
      return seriesNeeds(statement, context);
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

/** As a SELECT sees it, and unlike the names of tags: in one policy. */
function seriesNeeds(statement: ShowStatement & { readonly kind: 'showSeries' }, context: ShowContext): ShowNeeds | PlanError {
  const { condition } = statement;
  const shown = showFilter(condition, context.nowNs);
  if (shown.kind === 'error') return shown;
  const parts = selectedParts(statement, context);
  if ('kind' in parts) return parts;
  return { kind: 'series', parts: parts.map((part) => showPart(part, { wants: 'seriesKeys' }, shown)) };
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

function partsOf(statement: ScopedShow, context: ShowContext, wanted: Pick<SeriesQuestion, 'wants' | 'keyMatch'>, filter: ShowFilter): ShowNeeds | PlanError {
  const scope = showScope(statement, context);
  return scope.kind === 'error' ? scope : { kind: 'series', parts: scope.parts.map((part) => showPart(part, wanted, filter)) };
}
