/**
 * A predicate on the tags of a series, over which the series index can work. A tag that a series lacks has the value ''.
 * `test` is a compiled match on one value (equality, regular expression …); the index calls it once per distinct value.
 */
export type TagFilter =
  | { readonly kind: 'all' }
  | { readonly kind: 'and'; readonly parts: readonly TagFilter[] }
  | { readonly kind: 'or'; readonly parts: readonly TagFilter[] }
  | { readonly kind: 'equals'; readonly key: string; readonly value: string }
  | { readonly kind: 'test'; readonly key: string; readonly test: (value: string) => boolean };
