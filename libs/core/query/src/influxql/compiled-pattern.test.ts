import { expect, test } from 'vitest';
import { compiledPattern } from './compiled-pattern.ts';

test('a pattern in use is compiled once, one that is long out of use again', () => {
  const first = compiledPattern('^a+$');
  for (let index = 0; index < 31; index += 1) compiledPattern(`x${index}`);
  expect(compiledPattern('^a+$')).toBe(first);

  for (let index = 0; index < 32; index += 1) compiledPattern(`y${index}`);
  const again = compiledPattern('^a+$');
  expect(again).not.toBe(first);
  expect(again.test('aa')).toBe(true);
});

test('a pattern that is none is refused each time', () => {
  for (let index = 0; index < 2; index += 1) expect(() => compiledPattern('(')).toThrow();
});
