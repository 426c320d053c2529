import type { TagFilter } from '@varve/model';
import { textMatcher } from './expression.ts';

/** A predicate on tags as plain data, so that it can travel to a data node. A tag that a series lacks has the value ''. */
export type TagExpression =
  | { readonly kind: 'all' }
  | { readonly kind: 'and' | 'or'; readonly parts: readonly TagExpression[] }
  | { readonly kind: 'match'; readonly key: string; readonly operator: '=' | '!=' | '=~' | '!~'; readonly value: string };

/** Nothing satisfies it. */
export const NO_SERIES: TagExpression = { kind: 'or', parts: [] };

/** Compiles it to the predicate that a series index works on. */
export function compileTagFilter(expression: TagExpression): TagFilter {
  switch (expression.kind) {
    case 'all':
      return expression;
    case 'and':
    case 'or':
      return { kind: expression.kind, parts: expression.parts.map(compileTagFilter) };
    case 'match':
      return compileMatch(expression);
  }
}

function compileMatch({ key, operator, value }: TagExpression & { kind: 'match' }): TagFilter {
  switch (operator) {
    case '=':
      return { kind: 'equals', key, value };
    case '!=':
      return { kind: 'test', key, test: (text) => text !== value };
    case '=~':
      return { kind: 'test', key, test: textMatcher(value) };
    case '!~': {
      const matches = textMatcher(value);
      return { kind: 'test', key, test: (text) => !matches(text) };
    }
  }
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

/** Whether a tag filter holds for the tags that `valueOf` names ('' where a series lacks one). */
export function matchesTags(filter: TagFilter, valueOf: (key: string) => string): boolean {
  switch (filter.kind) {
    case 'all':
      return true;
    case 'and':
      return filter.parts.every((part) => matchesTags(part, valueOf));
    case 'or':
      return filter.parts.some((part) => matchesTags(part, valueOf));
    case 'equals':
      return valueOf(filter.key) === filter.value;
    case 'test':
      return filter.test(valueOf(filter.key));
  }
}
