import { Prng } from '@varve/base';
import { expect, test } from 'vitest';
import { parseQuery } from './parse.ts';
import { scannedChars } from './testing/counted-scans.ts';

// Methodology: 300,000 queries that nobody wrote: a beginning of a statement, then words that mean something, in any order;
// half of them are repeated, so that what is slow once is slow often. Work is counted in characters that the lexer goes
// over, not in time: it may be a few for each character of the text, whatever stands there. With fuzz.test.ts that makes
// 500,000 inputs.
const SEED_COUNT = 10;
const QUERY_COUNT = 30_000;
const SCANS_PER_CHAR_MAX = 4;
const BEGINNINGS = ['SELECT ', 'SELECT f FROM m WHERE ', 'SELECT f FROM ', 'SELECT mean(f) FROM m GROUP BY ', 'SHOW ', 'CREATE ', 'DELETE ', 'DROP ', 'ALTER ', 'GRANT ', 'EXPLAIN ', ''];
const WORDS = [
  ...['SELECT', 'FROM', 'WHERE', 'GROUP BY', 'ORDER BY', 'LIMIT', 'OFFSET', 'SLIMIT', 'INTO', 'fill(', 'tz(', 'AND', 'OR', 'ON', 'WITH KEY', 'IN', 'TO', 'AS', 'DESC', 'ANALYZE', 'DATABASE', 'SERIES', 'TAG VALUES', 'CONTINUOUS QUERY', 'BEGIN', 'END', 'DISTINCT'],
  ...['(', '((', ')', '))', ',', '.', '..', '::', ':MEASUREMENT', ';', '*', '+', '-', '--', '/', '/a/', '/*', '*/', '%', '&', '|', '^', '=', '!=', '<>', '<=', '=~', '!~', '=~ /x|y/', '$', '$p', '\n', '\\', "'", '"', "'x'", '"y"'],
  ...['a', 'time', 'mean(', 'f(a)', 'count(distinct(', 'time(1m)', 'now()', '1', '-1.5', '1h', '9223372036854775807', '99999999999999999999', '1e9', 'true', 'INF', 'field', 'tag', '😀', '\0'],
];

test.each(Array.from({ length: SEED_COUNT }, (_, seed) => seed))('QC8: soups of words take work linear in their length (seed %i)', (seed) => {
  const prng = new Prng(seed);
  for (let index = 0; index < QUERY_COUNT; index += 1) checkLinear(soup(prng));
});

test.each(WORDS)('QC8: %j a thousand times is linear, whatever stands before it', (word) => {
  for (const beginning of BEGINNINGS) for (const between of ['', ' ', 'a', ' AND ', ', ']) checkLinear(beginning + `${word}${between}`.repeat(1_000));
});

function checkLinear(query: string): void {
  const count = scannedChars(() => {
    const parsed = parseQuery(query);
    if (parsed.kind === 'error' && parsed.message === '') expect.fail(`no reason for refusing ${JSON.stringify(query)}`);
  });
  if (count > SCANS_PER_CHAR_MAX * (query.length + 1)) expect.fail(`${count} characters looked at in ${query.length}: ${JSON.stringify(query.slice(0, 200))}`);
}

function soup(prng: Prng): string {
  const words = Array.from({ length: prng.between(1, 12) }, () => prng.pick(WORDS));
  const text = words.join(prng.chance(0.7) ? ' ' : '');
  return prng.pick(BEGINNINGS) + (prng.chance(0.5) ? text : text.repeat(prng.between(2, 8)));
}
