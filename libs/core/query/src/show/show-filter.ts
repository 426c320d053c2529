import type { TagExpression } from '@varve/model';
import type { Expr } from '../influxql/ast.ts';
import { planCondition } from '../plan/plan-condition.ts';
import { planError, type PlanError } from '../plan/schema-view.ts';
import { splitTime } from '../plan/split-time.ts';

/** The WHERE of a SHOW statement as a predicate on tags. Bounds of time are dropped, as InfluxDB drops them. */
export function showFilter(condition: Expr | undefined): TagExpression | PlanError {
  const split = splitTime(condition, 0n);
  if (split.kind === 'error') return split;
  const { tagFilter, rowFilter } = planCondition(split.rest, new Map());
  return rowFilter === undefined ? tagFilter : planError('invalid tag comparison operator');
}

/** Whether the WHERE says anything about time. */
export function hasTimeCondition(condition: Expr | undefined): boolean {
  const split = splitTime(condition, 0n);
  return split.kind === 'error' ? false : split.minNs !== undefined || split.maxNs !== undefined;
}
