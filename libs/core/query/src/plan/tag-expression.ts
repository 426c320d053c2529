import { tagFilterOf, type TagExpression, type TagFilter } from '@varve/model';
import { textMatcher } from '../influxql/text-matcher.ts';

/** Nothing satisfies it. */
export const NO_SERIES: TagExpression = { kind: 'or', parts: [] };

/** Compiles it to the predicate that a series index works on. */
export function compileTagFilter(expression: TagExpression): TagFilter {
  return tagFilterOf(expression, textMatcher);
}

/** Both must hold; 'all' adds nothing. */
export function bothOf(left: TagExpression, right: TagExpression): TagExpression {
  if (left.kind === 'all') return right;
  if (right.kind === 'all') return left;
  return { kind: 'and', parts: [left, right] };
}

/** One must hold; 'all' leaves nothing to ask. */
export function eitherOf(left: TagExpression, right: TagExpression): TagExpression {
  if (left.kind === 'all' || right.kind === 'all') return { kind: 'all' };
  return { kind: 'or', parts: [left, right] };
}
