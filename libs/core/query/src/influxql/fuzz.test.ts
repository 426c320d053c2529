import { isDeepStrictEqual } from 'node:util';
import { Prng } from '@varve/base';
import { expect, test } from 'vitest';
import type { Statement } from './ast.ts';
import { parseQuery } from './parse.ts';
import { formatStatement } from './print-statement.ts';
import { validateSelect } from './validate-select.ts';

// Methodology: 200,000 queries, made from good ones by dropping, repeating, swapping and inserting words, or by changing
// single characters. Whatever comes out is parsed or refused, never thrown at; what is accepted is printed, and the text
// must parse to the same statement. An endless loop or a deep recursion fails the test by itself. The other 300,000 inputs are
// in token-soup.test.ts.
const SEED_COUNT = 10;
const QUERY_COUNT = 20_000;
const GOOD = [
  "SELECT mean(value) AS v, percentile(\"f 1\", 90.5) / -2 FROM db..cpu, /^m\\/.*/ WHERE host =~ /a|b/ AND time > now() - 1h30m AND (x != 'it\\'s' OR y <= -5) GROUP BY time(10m, 5s), host, /r/ fill(-1.5) ORDER BY time DESC LIMIT 10 OFFSET 2 SLIMIT 3 SOFFSET 4 tz('Europe/Berlin')",
  'SELECT *::field, distinct a, count(distinct(b)) INTO "db"."rp".:MEASUREMENT FROM (SELECT top(a, host, 3) & 1 | 2 ^ 3 % 4 FROM rp.m WHERE true GROUP BY *) GROUP BY region::tag',
  'SHOW TAG VALUES EXACT CARDINALITY ON db FROM m WITH KEY IN (a, "b c") WHERE a = \'b\' GROUP BY c LIMIT 1; SHOW TAG KEYS FROM /x/ SLIMIT 2; SHOW MEASUREMENTS WITH MEASUREMENT =~ /m/',
  'CREATE DATABASE a WITH DURATION 7d REPLICATION 3 SHARD DURATION 1h NAME p; CREATE RETENTION POLICY p ON d DURATION INF REPLICATION 1 DEFAULT; ALTER RETENTION POLICY p ON d SHARD DURATION 2h DURATION 1w DEFAULT',
  'CREATE CONTINUOUS QUERY q ON d RESAMPLE EVERY 1m FOR 1h BEGIN SELECT max(a) INTO b FROM c GROUP BY time(5m) END; DROP CONTINUOUS QUERY q ON d; EXPLAIN ANALYZE SELECT a FROM b',
  "CREATE SUBSCRIPTION s ON d.p DESTINATIONS ANY 'http://h:1', 'udp://h:2'; GRANT ALL PRIVILEGES ON d TO u; REVOKE READ ON d FROM u; KILL QUERY 36 ON h; SHOW STATS FOR 'x'; DELETE FROM m WHERE time < '2020-01-01'",
];
const WORDS = GOOD.flatMap(wordsOf);
const INSERTED = [
  ...['(', ')', ',', '.', '..', ':', '::', ';', "'", '"', '/', '/*', '*/', '--', '\n', '\\', '$', '$p', '$"p"', '=~', '!~', '<>', '!', '&', 'µ', '😀', '\0', '\r'],
  ...['0', '1', '-1', '1.', '.5', '1h', '1x', '99999999999999999999', '9223372036854775808', 'INF', 'fill(0)', "tz('UTC')", 'distinct', 'TRUE', '*', 'SELECT', '"a\\q"', "'\\n'", '/(/'],
];
const PARAMS = { p: { identifier: 'select' } };

test.each(Array.from({ length: SEED_COUNT }, (_, seed) => seed))('QC8: mutated queries are parsed or refused (seed %i)', (seed) => {
  const prng = new Prng(seed);
  let acceptedCount = 0;
  for (let index = 0; index < QUERY_COUNT; index += 1) {
    const query = mutated(prng);
    const parsed = parseQuery(query, PARAMS);
    if (parsed.kind === 'error') {
      if (parsed.message === '') expect.fail(`no reason for refusing ${JSON.stringify(query)}`);
      continue;
    }
    acceptedCount += 1;
    for (const statement of parsed.statements) checkAccepted(query, statement);
  }
  expect(acceptedCount).toBeGreaterThan(QUERY_COUNT / 20);
  expect(acceptedCount).toBeLessThan(QUERY_COUNT / 2);
});

function checkAccepted(query: string, statement: Statement): void {
  if (statement.kind === 'select') validateSelect(statement);
  const text = formatStatement(statement);
  const again = parseQuery(text);
  if (again.kind === 'error' || !isDeepStrictEqual(again.statements, [statement])) expect(again, `${JSON.stringify(query)} printed as ${text}`).toEqual([statement]);
}

function mutated(prng: Prng): string {
  const words = wordsOf(prng.pick(GOOD));
  for (let count = prng.between(0, 3); count > 0; count -= 1) mutateOnce(words, prng);
  const query = words.join('');
  return prng.chance(0.3) ? withOtherCharacter(query, prng) : query;
}

function mutateOnce(words: string[], prng: Prng): void {
  const at = prng.between(0, words.length);
  switch (prng.between(0, 4)) {
    case 0:
      words.splice(at, prng.between(1, 3));
      break;
    case 1:
      words.splice(at, 0, prng.pick(INSERTED));
      break;
    case 2:
      words[at] = prng.pick(INSERTED);
      break;
    case 3:
      words.splice(at, 0, ' ', prng.pick(WORDS), ' ');
      break;
    case 4:
      words.splice(at);
      break;
  }
}

function withOtherCharacter(query: string, prng: Prng): string {
  const at = prng.between(0, query.length);
  return query.slice(0, at) + String.fromCharCode(prng.between(0, prng.chance(0.9) ? 127 : 0xffff)) + query.slice(at + 1);
}

function wordsOf(query: string): string[] {
  return query.match(/\s+|\w+|"[^"]*"|'[^']*'|./gs) ?? [];
}
