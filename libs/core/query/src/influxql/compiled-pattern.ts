import { RE2JS } from 're2js';

/** A pattern in use is compiled once, however many shards ask for it: a long one takes a tenth of a second. */
const KEPT_COUNT_MAX = 32;

/** Those used last, the newest behind. A matter of time only: what is compiled is a function of the pattern. */
const kept = new Map<string, RE2JS>();

/** @throws RE2JSException when it is none of RE2's */
export function compiledPattern(pattern: string): RE2JS {
  const compiled = kept.get(pattern) ?? RE2JS.compile(pattern);
  kept.delete(pattern);
  kept.set(pattern, compiled);
  if (kept.size > KEPT_COUNT_MAX) kept.delete(kept.keys().next().value!);
  return compiled;
}
