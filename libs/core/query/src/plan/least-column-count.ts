import type { SelectStatement } from '../influxql/ast.ts';
import { resolveSources } from './resolve-sources.ts';
import type { PlanContext } from './plan-context.ts';

/**
 * Columns that the largest SELECT of a statement has at least: those that each `*` in a select list stands for by the fields of its sources, counted
 * from the innermost subquery outwards before any is made. In nested subqueries they double with every `SELECT *, *`.
 */
export function leastColumnCount(statement: SelectStatement, context: PlanContext): number {
  return counted(statement, context).most;
}

interface Counts {
  /** Of the statement itself. */
  readonly own: number;
  /** Of it and all below. */
  readonly most: number;
}

function counted({ fields, sources }: SelectStatement, context: PlanContext): Counts {
  const wildcardCount = fields.filter(({ expression }) => expression.kind === 'wildcard' && expression.only !== 'tag').length;
  const inner = sources.map((source) => (source.kind === 'subquery' ? counted(source.statement, context) : undefined));
  const most = Math.max(0, ...inner.map((counts) => counts?.most ?? 0));
  if (wildcardCount === 0) return { own: 0, most };
  const measurements = resolveSources(sources.filter((source) => source.kind === 'measurement'), context);
  const fieldCounts = 'kind' in measurements ? [] : measurements.map((measurement) => measurement.fields.size);
  // Sources may have names in common: there are as many as the one with most of them has.
  const own = wildcardCount * Math.max(0, ...fieldCounts, ...inner.map((counts) => counts?.own ?? 0));
  return { own, most: Math.max(own, most) };
}
