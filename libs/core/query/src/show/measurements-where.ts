import { matchesTags, type TagExpression, type TagSet } from '@varve/model';
import type { Expr } from '../influxql/ast.ts';
import { planError, type PlanError } from '../plan/schema-view.ts';
import { compileTagFilter } from '../plan/tag-expression.ts';
import { hasTimeCondition, showFilter } from './show-filter.ts';

/**
 * The measurements that a WHERE of SHOW MEASUREMENTS chooses. It does not ask series by series: a comparison chooses the
 * measurements that have the tag at all and, for `=` and `=~`, have it with such a value; for `!=` and `!~`, have no
 * series with the other. AND and OR combine the chosen sets.
 */
export function measurementsWhere(condition: Expr, tagSets: ReadonlyMap<string, readonly TagSet[]>): ReadonlySet<string> | PlanError {
  if (hasTimeCondition(condition)) return planError("SHOW MEASUREMENTS doesn't support time in WHERE clause");
  const problem = sideProblem(condition);
  if (problem !== undefined) return planError(problem);
  const chosen = showFilter(condition, 0n);
  if (chosen.kind === 'error') return chosen;
  const filter = chosen.nameFilter ?? chosen.filter;
  return new Set([...tagSets].filter(([name, all]) => isChosen(filter, name, all)).map(([name]) => name));
}

const COMPARISONS: readonly string[] = ['=', '!=', '=~', '!~'];

/** What InfluxDB says of the first comparison that is none of a tag with a text. */
function sideProblem(condition: Expr): string | undefined {
  if (condition.kind === 'paren') return sideProblem(condition.inner);
  if (condition.kind !== 'binary') return undefined;
  const { operator, left, right } = condition;
  if (operator === 'AND' || operator === 'OR') return sideProblem(left) ?? sideProblem(right);
  if (!COMPARISONS.includes(operator)) return undefined;
  if (left.kind !== 'variable') return `left side of '${operator}' must be a tag key`;
  return right.kind === 'string' || right.kind === 'regex' ? undefined : `right side of '${operator}' must be a tag value string`;
}

function isChosen(filter: TagExpression, name: string, tagSets: readonly TagSet[]): boolean {
  switch (filter.kind) {
    case 'all':
      return true;
    case 'and':
      return filter.parts.every((part) => isChosen(part, name, tagSets));
    case 'or':
      return filter.parts.some((part) => isChosen(part, name, tagSets));
    case 'match':
      return isMatchChosen(filter, filter.key === '_name' ? [[['_name', name]]] : tagSets);
  }
}

function isMatchChosen(match: TagExpression & { readonly kind: 'match' }, tagSets: readonly TagSet[]): boolean {
  const values = tagSets.flatMap((tags) => tags.filter(([key]) => key === match.key).map(([, value]) => value));
  const filter = compileTagFilter(match);
  const isNegative = match.operator === '!=' || match.operator === '!~';
  const passes = (value: string): boolean => matchesTags(filter, () => value);
  return values.length > 0 && (isNegative ? values.every(passes) : values.some(passes));
}
