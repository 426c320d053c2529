import { RE2JS } from 're2js';
import { literalTest, type TextTest } from './literal-pattern.ts';
import { patternSize } from './pattern-size.ts';

/** Sizes of the patterns that are kept, together: those of several queries, a few megabytes. */
const KEPT_SIZE_MAX = 65_536;

interface Kept {
  readonly test: TextTest;
  readonly size: number;
}

/** Those used last, the newest behind. A matter of time only: what is compiled is a function of the pattern. */
const kept = new Map<string, Kept>();
let keptSize = 0;

/**
 * A test for texts that contain a match of an RE2 pattern. Linear in the text, whatever the pattern. A pattern in use is compiled
 * once, however many shards ask for it: a long one takes tens of milliseconds.
 *
 * @throws RE2JSException when it is none of RE2's
 */
export function textMatcher(pattern: string): TextTest {
  const known = kept.get(pattern);
  if (known !== undefined) {
    kept.delete(pattern);
    kept.set(pattern, known);
    return known.test;
  }
  const literal = literalTest(pattern);
  const made = { test: literal ?? re2Test(pattern), size: costOf(pattern, literal) };
  kept.set(pattern, made);
  keptSize += made.size + 1;
  for (const [oldest, { size }] of kept) {
    if (keptSize <= KEPT_SIZE_MAX) break;
    kept.delete(oldest);
    keptSize -= size + 1;
  }
  return made.test;
}

const LITERAL_DIVISOR = 16;

/** What compiling takes: about 3 µs for each. There is little to do for a list of literals. */
export function patternCost(pattern: string): number {
  return costOf(pattern, literalTest(pattern));
}

function costOf(pattern: string, literal: TextTest | undefined): number {
  return literal === undefined ? patternSize(pattern) : Math.ceil(pattern.length / LITERAL_DIVISOR);
}

function re2Test(pattern: string): TextTest {
  const compiled = RE2JS.compile(pattern);
  return (text) => compiled.test(text);
}
