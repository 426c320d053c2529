import { RE2JS } from 're2js';
import { expect, test } from 'vitest';
import { patternSize } from './pattern-size.ts';

test.each([
  ['', 0],
  ['^host_1|host_2$', 15],
  ['a{3}', 7],
  ['(ab){3,5}', 19],
  ['(a{10}){10}', 154],
  ['[](a{5}]{2}', 20],
  ['[[:alpha:]({9}]x', 16],
  ['\\Q(a{1000}\\E', 10],
  ['a{x', 3],
  ['\\({1000}', 1004],
  ['x*', 5],
])('QC8: the size of %s', (pattern, size) => {
  expect(patternSize(pattern)).toBe(size);
});

test.each(['a{1,1000}', 'a{1000}a{500}b{2,}', '(a|b)?(c|d)?', '(x+x+)+y', '(?:a{10}b{10}){10}', '[^a](b[(]c){100}', '([)]a{30}){30}', '(?P<n>a|(b[^]]c{9})){100}', '(((a){10}){10}){10}', '\\Q(\\E(a{9}){100}', '[\\]](a){500}'])(
  'QC8: %s has no more instructions than a few times its size',
  (pattern) => {
    expect(RE2JS.compile(pattern).programSize()).toBeLessThanOrEqual(4 * patternSize(pattern) + 4);
  },
);
