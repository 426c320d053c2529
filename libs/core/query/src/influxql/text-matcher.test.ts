import { Prng } from '@varve/base';
import { seeds } from '@varve/testkit';
import { RE2JS } from 're2js';
import { expect, test, vi } from 'vitest';
import { patternCost, textMatcher } from './text-matcher.ts';
import { MAX_PATTERN_SIZE } from './token-stream.ts';

/** How many patterns are compiled meanwhile. */
function compiledCount(act: () => void): number {
  const compile = vi.spyOn(RE2JS, 'compile');
  try {
    act();
    return compile.mock.calls.length;
  } finally {
    compile.mockRestore();
  }
}

test('a pattern in use is compiled once, one that is long out of use again', () => {
  expect(compiledCount(() => textMatcher('^a+$'))).toBe(1);
  expect(compiledCount(() => textMatcher('^a+$'))).toBe(0);
  for (let index = 0; index < 1_000; index += 1) textMatcher(`x{1,100}y${index}`);
  expect(compiledCount(() => textMatcher('^a+$'))).toBe(1);
  expect(textMatcher('^a+$')('aa')).toBe(true);
});

test('all patterns of the largest query are kept', () => {
  const patterns = Array.from({ length: 100 }, (_, index) => `y{1,100}z${index}`);
  expect(patterns.reduce((sum, each) => sum + patternCost(each), 0)).toBeLessThan(MAX_PATTERN_SIZE);
  patterns.forEach(textMatcher);
  expect(compiledCount(() => patterns.forEach(textMatcher))).toBe(0);
});

test('a pattern that is none is refused each time', () => {
  for (let index = 0; index < 2; index += 1) expect(() => textMatcher('(')).toThrow();
});

test('lists of literals are not compiled, and count little', () => {
  const names = Array.from({ length: 5_000 }, (_, index) => `server-${index}`).join('|');
  for (const pattern of [`^(${names})$`, `^(?:${names})`, `(${names})$`, names]) {
    expect(patternCost(pattern)).toBeLessThan(MAX_PATTERN_SIZE / 3);
    expect(compiledCount(() => expect(['server-4999', 'a server', 'server-x'].map(textMatcher(pattern))).toEqual([true, false, false]))).toBe(0);
  }
});

const PARTS = ['a', 'b', 'ab', '|', '|', '^', '$', '(', ')', '^(', ')$', '(?:', '\\.', '.', '\\|', '\\\\', '\\$', '\\d', '-', ' ', '\n', 'é', '😀', '/', ']', '*'];
const TEXTS = ['', 'a', 'b', 'ab', 'ba', 'a.b', '.', '|', 'a|b', '\\', '$', 'd', '-', 'a\n', '\nb', 'é', 'xéx', '😀', '/', ']', 'a b', 'aab', 'bb'];

test.each(seeds(20))('what is a list of literals matches what RE2 does (seed %i)', (seed) => {
  const prng = new Prng(seed);
  for (let round = 0; round < 500; round += 1) {
    const pattern = Array.from({ length: prng.between(1, 7) }, () => prng.pick(PARTS)).join('');
    const compiled = compiledOrNone(pattern);
    if (compiled === undefined) expect(() => textMatcher(pattern), pattern).toThrow();
    else expect(TEXTS.filter(textMatcher(pattern)), pattern).toEqual(TEXTS.filter((text) => compiled.test(text)));
  }
});

function compiledOrNone(pattern: string): RE2JS | undefined {
  try {
    return RE2JS.compile(pattern);
  } catch {
    return undefined;
  }
}
