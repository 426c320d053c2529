import type { TagFilter } from './tag-filter.ts';

/** A predicate on tags as plain data, so that it can travel and be stored. A tag that a series lacks has the value ''. */
export type TagExpression =
  | { readonly kind: 'all' }
  | { readonly kind: 'and' | 'or'; readonly parts: readonly TagExpression[] }
  | { readonly kind: 'match'; readonly key: string; readonly operator: '=' | '!=' | '=~' | '!~'; readonly value: string };

/** Makes the test of a regular expression: RE2's syntax, a match anywhere in the text. It may throw where the pattern is none. */
export type MatcherOf = (pattern: string) => (text: string) => boolean;

/** Compiles it to the predicate that a series index works on. */
export function tagFilterOf(expression: TagExpression, matcherOf: MatcherOf): TagFilter {
  switch (expression.kind) {
    case 'all':
      return expression;
    case 'and':
    case 'or':
      return { kind: expression.kind, parts: expression.parts.map((part) => tagFilterOf(part, matcherOf)) };
    case 'match':
      return matchOf(expression, matcherOf);
  }
}

function matchOf({ key, operator, value }: TagExpression & { kind: 'match' }, matcherOf: MatcherOf): TagFilter {
  switch (operator) {
    case '=':
      return { kind: 'equals', key, value };
    case '!=':
      return { kind: 'test', key, test: (text) => text !== value };
    case '=~':
      return { kind: 'test', key, test: matcherOf(value) };
    case '!~': {
      const matches = matcherOf(value);
      return { kind: 'test', key, test: (text) => !matches(text) };
    }
  }
}
