import { expect, test } from 'vitest';
import { isWildcard, subjectMatches } from './subject-match.ts';

test('a star takes one token, a closing arrow one or more', () => {
  const check = (pattern: string, subject: string, expected: boolean): void =>
    expect(subjectMatches(pattern, subject), `${pattern} on ${subject}`).toBe(expected);

  check('a.b', 'a.b', true);
  check('a.b', 'a.c', false);
  check('a.b', 'a', false);
  check('a.b', 'a.b.c', false);
  check('a.*', 'a.b', true);
  check('a.*', 'a', false);
  check('a.*', 'a.b.c', false);
  check('*.b', 'a.b', true);
  check('a.*.c', 'a.b.c', true);
  check('a.*.c', 'a.b.d', false);
  check('a.>', 'a.b', true);
  check('a.>', 'a.b.c', true);
  check('a.>', 'a', false);
  check('>', 'a', true);
  check('>', 'a.b', true);
  check('a.>.c', 'a.b.c', false); // an arrow in the middle is a token like any other
  check('a.b*', 'a.bc', false); // a star inside a token too
});

test('only whole tokens are wildcards', () => {
  const check = (pattern: string, expected: boolean): void => expect(isWildcard(pattern), pattern).toBe(expected);

  check('a.b', false);
  check('a.*', true);
  check('>', true);
  check('a.b*', false);
});
