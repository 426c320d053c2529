import type { RetentionPolicyId, TagExpression } from '@varve/model';
import type { ShowStatement } from '../influxql/ast.ts';
import type { PlanError } from '../plan/schema-view.ts';
import { showFilter } from './show-filter.ts';
import { notSupported, scopedMeasurements, showScope, type ScopedShow, type ShowContext } from './show-scope.ts';

/** What must be collected from data nodes before a SHOW statement can be answered. */
export type ShowNeeds =
  /** The catalog is enough. */
  | { readonly kind: 'catalog' }
  /** Which of these measurements have a series in any shard of these policies. */
  | { readonly kind: 'measurements'; readonly policies: readonly RetentionPolicyId[]; readonly measurements: readonly string[] }
  /** Keys of the series of these measurements in all shards of these policies that the filter lets pass. */
  | {
      readonly kind: 'series';
      readonly policies: readonly RetentionPolicyId[];
      readonly measurements: readonly string[];
      readonly filter: TagExpression;
    };

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
      return measurementNeeds(seriesNeeds(statement, context, { kind: 'all' }));
    case 'showMeasurements': {
      const needs = seriesNeeds(statement, context, { kind: 'all' });
      // InfluxDB knows no measurements of a database that is not there, and no error either.
      if (needs.kind === 'error') return { kind: 'catalog' };
      return statement.condition === undefined ? measurementNeeds(needs) : needs;
    }
    case 'showSeries':
    case 'showTagKeys':
    case 'showTagValues': {
      const filter = showFilter(statement.condition);
      return filter.kind === 'error' ? filter : seriesNeeds(statement, context, filter);
    }
    default:
      return notSupported(statement.kind);
  }
}

function measurementNeeds(needs: ShowNeeds | PlanError): ShowNeeds | PlanError {
  return needs.kind === 'series' ? { kind: 'measurements', policies: needs.policies, measurements: needs.measurements } : needs;
}

function seriesNeeds(statement: ScopedShow, context: ShowContext, filter: TagExpression): ShowNeeds | PlanError {
  const scope = showScope(statement, context);
  if (scope.kind === 'error') return scope;
  const policies = new Set(scope.parts.flatMap((part) => part.policies.map(({ id }) => id)));
  return { kind: 'series', policies: [...policies], measurements: scopedMeasurements(scope).map(([name]) => name), filter };
}
