import { RE2JS } from 're2js';
import { expect, test, vi } from 'vitest';
import type { Expr, SelectStatement, Statement } from './ast.ts';
import { parsedInParts, parseQuery } from './parse.ts';
import { MAX_ERROR_CHARS } from './clip-text.ts';
import { MAX_HEIGHT } from './parse-expression.ts';
import { formatExpr } from './print.ts';
import { formatStatement } from './print-statement.ts';
import { MAX_NESTING, MAX_PATTERN_SIZE, MAX_TOKEN_COUNT } from './token-stream.ts';

function statementsOf(text: string, params?: Record<string, unknown>): readonly Statement[] {
  const parsed = parseQuery(text, params);
  if (parsed.kind === 'error') throw new Error(`${text}: ${parsed.message}`);
  return parsed.statements;
}

function select(text: string, params?: Record<string, unknown>): SelectStatement {
  const [statement] = statementsOf(text, params);
  if (statement?.kind !== 'select') throw new Error(`no SELECT: ${text}`);
  return statement;
}

function condition(text: string, params?: Record<string, unknown>): Expr {
  return select(`SELECT a FROM b WHERE ${text}`, params).condition!;
}

function problem(text: string, params?: Record<string, unknown>): string | undefined {
  const parsed = parseQuery(text, params);
  return parsed.kind === 'error' ? parsed.message : undefined;
}

test('statements stand between semicolons, any number of them', () => {
  const check = (text: string, kinds: readonly string[]): void => expect(statementsOf(text).map(({ kind }) => kind), text).toEqual(kinds);

  check('', []);
  check(' ;; \n; -- nothing', []);
  check('SHOW DATABASES', ['showDatabases']);
  check('SHOW DATABASES;SHOW USERS ; ', ['showDatabases', 'showUsers']);
  expect(problem('SHOW DATABASES SHOW USERS')).toBe('found SHOW, expected ; at line 1, char 16');
});

test('a comment stands wherever a blank does', () => {
  const plain = statementsOf('SELECT a, mean(b) FROM c WHERE d =~ /x/ GROUP BY e');
  expect(statementsOf('SELECT/**/a,/* / */mean(/* */b)--\nFROM -- *\n/*\n*/c WHERE d =~/**//x/ GROUP/* **/BY/***/e')).toEqual(plain);
  expect(problem('SELECT a FROM b /* no end')).toBe('found ILLEGAL, expected ; at line 1, char 17');
});

test('a name in double quotes is the name without them', () => {
  const check = (written: string, name: string): void =>
    expect(select(`SELECT ${written} FROM b`).fields[0]!.expression, written).toEqual({ kind: 'variable', name, type: undefined });

  check('a', 'a');
  check('"a"', 'a');
  check('"select"', 'select');
  check('"a \\"b\\" \\\\ \\n"', 'a "b" \\ \n');
  check('"ä 😀 \'"', "ä 😀 '");
  check('a.b', 'a.b');
  check('a. "b"', 'a.b');
  check('"__proto__"', '__proto__');
  expect(problem('SELECT "a\\q" FROM b')).toBe('found \\q, expected identifier, string, number, bool at line 1, char 11');
});

// What InfluxDB does: it drops what stands before the quote without a word (`GROUP BY time"b"` groups by b).
test('a word and a quoted name that touch are two names, and mostly an error', () => {
  expect(problem('SELECT a"b" FROM c')).toBe('found b, expected FROM at line 1, char 9');
});

test('numbers keep their exact value and their kind', () => {
  const check = (written: string, literal: Expr): void => expect(condition(`x = ${written}`), written).toMatchObject({ right: literal });

  check('1', { kind: 'integer', value: 1n });
  check('9223372036854775807', { kind: 'integer', value: 9223372036854775807n });
  check('-9223372036854775808', { kind: 'integer', value: -9223372036854775808n });
  check('9223372036854775808', { kind: 'unsigned', value: 9223372036854775808n });
  check('18446744073709551615', { kind: 'unsigned', value: 18446744073709551615n });
  check(`${'0'.repeat(40)}7`, { kind: 'integer', value: 7n });
  check('1.', { kind: 'number', value: 1 });
  check('.5', { kind: 'number', value: 0.5 });
  check('-0.1', { kind: 'number', value: -0.1 });
  check('1h30m', { kind: 'duration', ns: 5_400_000_000_000n });
  check('1w1d1h1m1s1ms1u1µ1ns', { kind: 'duration', ns: 694_861_001_002_001n });
  check('-5m', { kind: 'duration', ns: -300_000_000_000n });
  expect(problem('SELECT a FROM b WHERE x = 18446744073709551616')).toBe('unable to parse integer at line 1, char 27');
  expect(problem('SELECT a FROM b WHERE x = -9223372036854775809')).toBe('constant -9223372036854775809 underflows int64');
  expect(problem(`SELECT a FROM b WHERE x = ${'9'.repeat(400)}.0`)).toBe('unable to parse number at line 1, char 27');
  expect(problem('SELECT a FROM b WHERE x = 15251w')).toBe('overflowed duration 15251w: choose a smaller duration or INF');
  expect(problem('SELECT a FROM b WHERE x = 1y')).toBe('invalid duration');
});

test('operators bind as in InfluxQL: OR, AND, comparisons, sums with | and ^, products with &; to the left', () => {
  const check = (written: string, grouped: string): void => expect(parenthesized(condition(written)), written).toBe(grouped);

  check('a = 1 OR b = 2 AND c = 3', '((a = 1) OR ((b = 2) AND (c = 3)))');
  check('a + b * c - d = e', '(((a + (b * c)) - d) = e)');
  check('a | b & c ^ d > 0', '(((a | (b & c)) ^ d) > 0)');
  check('a - b - c <> 0', '(((a - b) - c) != 0)');
  check('a = b = c', '((a = b) = c)');
  check('-a * b = c', '(((-1 * a) * b) = c)');
  check('x / -a = c', '((x / (-1 * a)) = c)');
  check('h =~ /a/ AND g !~ /b/', '((h =~ /a/) AND (g !~ /b/))');
});

function parenthesized(expression: Expr): string {
  if (expression.kind === 'paren') return parenthesized(expression.inner);
  if (expression.kind !== 'binary') return formatExpr(expression);
  return `(${parenthesized(expression.left)} ${expression.operator} ${parenthesized(expression.right)})`;
}

test('a regular expression is taken only where one may stand', () => {
  expect(select('SELECT /a\\/b/, mean(/c/) FROM "db".rp./d/, /e/ WHERE f =~ /g/ GROUP BY /h/')).toMatchObject({
    fields: [{ expression: { kind: 'regex', pattern: 'a/b' } }, { expression: { args: [{ kind: 'regex', pattern: 'c' }] } }],
    sources: [{ database: 'db', retentionPolicy: 'rp', regex: 'd' }, { database: undefined, regex: 'e' }],
    condition: { right: { kind: 'regex', pattern: 'g' } },
    dimensions: [{ kind: 'regex', pattern: 'h' }],
  });
  expect(condition('a / b / c = 1')).toMatchObject({ left: { kind: 'binary', operator: '/' } });
  expect(problem('SELECT a FROM b WHERE c =~ d')).toBe('found d, expected regex at line 1, char 28');
  expect(problem('SELECT a FROM b WHERE c =~ /(/')).toBe('error parsing regexp: missing closing ): `(` at line 1, char 27');
  expect(problem('SELECT a FROM b WHERE c =~ /x')).toBe('bad regex:  at line 1, char 27');
});

test('positions count lines and code points, from 1', () => {
  expect(problem('SELECT\n  "😀"\r\n  X Y')).toBe('found X, expected FROM at line 3, char 3');
  expect(problem('SELECT "😀", ! FROM a')).toBe('found !, expected identifier, string, number, bool at line 1, char 13');
});

test('a bound parameter is the value, the name or the pattern that it stands for', () => {
  const check = (value: unknown, printed: string): void => expect(formatExpr(condition('x = $p', { p: value }))).toBe(`x = ${printed}`);

  check("it's", "'it\\'s'");
  check(2, '2');
  check(-2.5, '-2.500');
  check(9007199254740993n, '9007199254740993');
  check(true, 'true');
  check({ identifier: 'a b' }, '"a b"');
  check({ float: 2 }, '2.000');
  check({ integer: 2 }, '2');
  check({ duration: '90s' }, '90s');
  check({ duration: 1000 }, '1u');
  expect(formatStatement(select('SELECT $f FROM $m WHERE a =~ $r LIMIT $"how many"', { f: { regex: 'x' }, m: { ident: 'cpu' }, r: { regex: 'y' }, 'how many': 3 }))).toBe(
    'SELECT /x/ FROM cpu WHERE a =~ /y/ LIMIT 3',
  );
});

test('a bound parameter that is missing or no value is an error', () => {
  const check = (params: Record<string, unknown>, text: string): void => expect(problem('SELECT a FROM b WHERE c = $p', params), text).toBe(text);

  check({}, 'missing parameter: p');
  check(JSON.parse('{"__proto__": 1}') as Record<string, unknown>, 'missing parameter: p');
  check({ p: null }, 'missing parameter: unable to bind parameter with type <nil>');
  check({ p: [1] }, 'missing parameter: unable to bind parameter with type []interface {}');
  check({ p: {} }, 'missing parameter: bound object parameter value must have exactly one entry');
  check({ p: { integer: 'x' } }, 'missing parameter: integer literal must be an integer value');
  check({ p: { identifier: 1 } }, 'missing parameter: identifier must be a string value');
  check({ p: { thing: 1 } }, 'missing parameter: unknown bind object type: thing');
  check({ p: { regex: '(' } }, 'error parsing regexp: missing closing ): `(` at line 1, char 27');
  expect(problem('SELECT a FROM b WHERE c = $')).toBe('empty bound parameter');
  const elsewhere = (value: unknown, text: string): void => expect(problem('SELECT a FROM b WHERE c =~ $p', { p: value }), text).toBe(`found ${text}, expected regex at line 1, char 28`);
  elsewhere({ regex: 5 }, 'regex literal must be a string value');
  elsewhere({ a: 1, b: 2 }, 'bound object parameter value must have exactly one entry');
  elsewhere(null, 'unable to bind parameter with type <nil>');
  elsewhere('x', 'x');
  expect(problem('SELECT a FROM b WHERE c =~ $q')).toBe('found $q, expected regex at line 1, char 28');
  expect(problem('SELECT a FROM $p', { p: { float: 'x' } })).toBe('found number literal must be a float value, expected identifier at line 1, char 15');
  expect(problem('SELECT a FROM b WHERE c = $constructor')).toBe('missing parameter: constructor');
});

test('what InfluxDB takes for nothing is nothing', () => {
  expect(select('SELECT a AS "" FROM ""."".b LIMIT 0')).toMatchObject({ fields: [{ alias: undefined }], sources: [{ database: undefined, retentionPolicy: undefined }], limit: 0 });
  expect(statementsOf('SHOW SERIES ON ""')).toMatchObject([{ database: undefined }]);
  expect(statementsOf('CREATE DATABASE a WITH NAME ""')).toMatchObject([{ retentionPolicy: undefined }]);
});

test('a limit beyond what can be counted is no smaller limit', () => {
  expect(select('SELECT a FROM b LIMIT 9223372036854775807 OFFSET 99999999999999999999999')).toMatchObject({
    limit: Number.MAX_SAFE_INTEGER,
    offset: Number.MAX_SAFE_INTEGER,
  });
});

test('a time zone must be known by its name', () => {
  expect(select("SELECT a FROM b TZ('Europe/Berlin')").timeZone).toBe('Europe/Berlin');
  expect(problem("SELECT a FROM b tz('Mars/Base')")).toBe('unable to find time zone Mars/Base');
  expect(problem("SELECT a FROM b tz('+01:00')")).toBe('unable to find time zone +01:00');
  expect(problem('SELECT a FROM b tz(a)')).toBe('expected string argument in tz()');
});

test('an INTO of a subquery is refused, which InfluxDB takes and forgets', () => {
  expect(problem('SELECT a FROM (SELECT a INTO b FROM c)')).toBe('found INTO, expected FROM at line 1, char 25');
});

test('ten thousand alternatives make a flat tree in the order of the text', () => {
  const alternatives = Array.from({ length: 10_000 }, (_, index) => `a = ${index}`);
  const text = alternatives.join(' OR ');
  const tree = condition(text);
  expect(heightOf(tree)).toBe(16);
  expect(formatExpr(tree)).toBe(text);
});

function heightOf(expression: Expr): number {
  return expression.kind === 'binary' ? 1 + Math.max(heightOf(expression.left), heightOf(expression.right)) : 1;
}

test('QC8: what is nested or chained too deep is refused, right up to the limit it is not', () => {
  const nested = (count: number): string => `SELECT ${'('.repeat(count)}a${')'.repeat(count)} FROM b`;
  const called = (count: number): string => `SELECT ${'f('.repeat(count)}a${')'.repeat(count)} FROM b`;
  const subqueries = (count: number): string => `${'SELECT a FROM ('.repeat(count)}SELECT a FROM b${')'.repeat(count)}`;
  const chained = (count: number): string => `SELECT ${'a + '.repeat(count)}a FROM b`;

  for (const deep of [nested, called, subqueries]) {
    expect(problem(deep(MAX_NESTING))).toBeUndefined();
    expect(problem(deep(MAX_NESTING + 1))).toContain(`nested more than ${MAX_NESTING} levels deep at line 1, char `);
  }
  expect(problem(chained(MAX_HEIGHT - 1))).toBeUndefined();
  expect(problem(chained(MAX_HEIGHT))).toBe(`expression is more than ${MAX_HEIGHT} operators deep at line 1, char 8`);
});

test('QC8: regular expressions and tokens of a query are bounded', () => {
  const half = `.${'x'.repeat(MAX_PATTERN_SIZE / 2 - 1)}`;
  expect(problem(`SELECT a FROM /${half}/, /${half}/`)).toBeUndefined();
  expect(problem(`SELECT a FROM /${half}/, /${half}/, /x/`)).toContain(`regular expressions of more than ${MAX_PATTERN_SIZE} characters in all, repetitions written out: use fewer or shorter ones at line 1`);
  expect(problem(`SELECT a FROM /${'a{1,1000}'.repeat(17)}/`)).toContain('repetitions written out: use fewer or shorter ones at line 1');
  expect(problem(`${'SHOW USERS;'.repeat(MAX_TOKEN_COUNT / 3)}SHOW USERS`)).toContain(`query has more than ${MAX_TOKEN_COUNT} tokens`);
});

test('QC8: others have a turn after each pattern that is compiled, and none is compiled for a text that has too many', () => {
  const compile = vi.spyOn(RE2JS, 'compile');
  const conditions = (count: number): string => Array.from({ length: count }, (_, index) => `s =~ /x{1,900}q${index}/`).join(' OR ');

  let compiledBefore = 0;
  const parts = parsedInParts(`SELECT f FROM m WHERE ${conditions(16)}`);
  for (let part = parts.next(); part.done !== true; part = parts.next()) {
    expect(compile.mock.calls.length - compiledBefore).toBeLessThanOrEqual(1);
    compiledBefore = compile.mock.calls.length;
  }
  expect(compiledBefore).toBe(16);

  compile.mockClear();
  expect(problem(`SHOW TAG VALUES WITH KEY = s WHERE ${conditions(300)}`)).toContain('regular expressions of more than');
  expect(compile).not.toHaveBeenCalled();
  compile.mockRestore();
});

test('QC8: a pattern that is none is told before what is wrong behind it', () => {
  expect(problem('SELECT a FROM /(/ WHERE b = =')).toContain('error parsing regexp: missing closing ): `(` at line 1, char 1');
  expect(problem('SELECT a FROM = /(/')).toContain('found =, expected');
});

test('QC8: an error that quotes the query is cut in its middle, and still ends with the place', () => {
  const message = problem(`SELECT a FROM b ${'x'.repeat(100_000)}`);
  expect(message).toHaveLength(MAX_ERROR_CHARS);
  expect(message).toMatch(/^found x+…x*, expected ; at line 1, char 17$/);
});

// Quadratic work on any of these would take hours.
test.each([
  ['a string', `SELECT a FROM b WHERE c = '${'x'.repeat(10_000_000)}'`],
  ['a string of escapes', `SELECT a FROM b WHERE c = '${"\\'".repeat(5_000_000)}'`],
  ['a string without an end', `SELECT a FROM b WHERE c = '${'x'.repeat(10_000_000)}`],
  ['a pattern without an end', `SELECT a FROM b WHERE c =~ /${'\\'.repeat(10_000_000)}`],
  ['a name', `SELECT ${'a'.repeat(10_000_000)} FROM b`],
  ['digits', `SELECT a FROM b WHERE c = ${'1'.repeat(10_000_000)}`],
  ['a duration', `SELECT a FROM b WHERE time > ${'1h'.repeat(5_000_000)}`],
  ['segments', `SELECT a FROM ${'a.'.repeat(5_000_000)}`],
  ['blanks', ' \n'.repeat(5_000_000)],
  ['comments', '/**/'.repeat(2_500_000)],
  ['parentheses', `SELECT ${'('.repeat(10_000_000)}`],
  ['operators', `SELECT ${'a+'.repeat(400_000)}a FROM b`],
  ['alternatives', `SELECT a FROM b WHERE ${'c=1 OR '.repeat(200_000)}d=1`],
  ['fields', `SELECT ${'a,'.repeat(400_000)}a FROM b`],
  ['statements', 'SHOW DATABASES;'.repeat(300_000)],
])('QC8: 10 MB or a great number of %s are parsed or refused', (_, text) => {
  const parsed = parseQuery(text);
  expect(['statements', 'error']).toContain(parsed.kind);
});

test('thousands of statements are parsed in parts', () => {
  const text = Array.from({ length: 8_000 }, (_, index) => `SELECT f FROM m LIMIT ${index + 1}`).join(';');
  expect([...parsedInParts(text)].length).toBeGreaterThan(80);
  expect(statementsOf(text)).toHaveLength(8_000);
  expect([...parsedInParts('SELECT f FROM m; SELECT g FROM m')]).toHaveLength(0);
});
