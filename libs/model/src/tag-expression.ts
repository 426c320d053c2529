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
      return { kind: 'and', parts: expression.parts.map((part) => tagFilterOf(part, matcherOf)) };
    case 'or':
      return anyOf(alternativesOf(expression), matcherOf);
    case 'match':
      return matchOf(expression, matcherOf);
  }
}

/** What stands beside each other below ORs, in order. */
function alternativesOf(expression: TagExpression): readonly TagExpression[] {
  return expression.kind === 'or' ? expression.parts.flatMap(alternativesOf) : [expression];
}

/** Values that one tag may have are looked up together, however many there are. */
function anyOf(alternatives: readonly TagExpression[], matcherOf: MatcherOf): TagFilter {
  const parts: TagFilter[] = [];
  const valuesOf = new Map<string, Set<string>>();
  for (const each of alternatives) {
    if (each.kind === 'all') return each;
    if (each.kind !== 'match' || each.operator !== '=') parts.push(tagFilterOf(each, matcherOf));
    else if (valuesOf.has(each.key)) valuesOf.get(each.key)!.add(each.value);
    else valuesOf.set(each.key, new Set([each.value]));
  }
  for (const [key, values] of valuesOf) {
    const [first] = values;
    parts.push(values.size === 1 ? { kind: 'equals', key, value: first! } : { kind: 'among', key, values });
  }
  return parts.length === 1 ? parts[0]! : { kind: 'or', parts };
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
