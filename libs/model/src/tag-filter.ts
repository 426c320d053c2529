/**
 * A predicate on the tags of a series, over which the series index can work. A tag that a series lacks has the value ''.
 * `test` is a compiled match on one value (equality, regular expression …); the index calls it once per distinct value.
 */
export type TagFilter =
  | { readonly kind: 'all' }
  | { readonly kind: 'and'; readonly parts: readonly TagFilter[] }
  | { readonly kind: 'or'; readonly parts: readonly TagFilter[] }
  | { readonly kind: 'equals'; readonly key: string; readonly value: string }
  /** Equals one of at least two. */
  | { readonly kind: 'among'; readonly key: string; readonly values: ReadonlySet<string> }
  | { readonly kind: 'test'; readonly key: string; readonly test: (value: string) => boolean };

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
    case 'among':
      return filter.values.has(valueOf(filter.key));
    case 'test':
      return filter.test(valueOf(filter.key));
  }
}
