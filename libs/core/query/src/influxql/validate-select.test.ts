import { expect, test } from 'vitest';
import { foldConstants } from './fold-constants.ts';
import { parseQuery } from './parse.ts';
import { formatExpr } from './print.ts';
import { validateSelect } from './validate-select.ts';

// What the corpus does not ask; the answers are those of InfluxDB 1.6.7 where nothing else is said.
function check(query: string, problem: string | undefined): void {
  const parsed = parseQuery(query);
  const [statement] = parsed.kind === 'error' ? [] : parsed.statements;
  if (statement?.kind !== 'select') throw new Error(`no SELECT: ${query}`);
  expect(validateSelect(statement), query).toBe(problem);
}

test('constants are computed before a query is looked at', () => {
  check('SELECT percentile(value, 50 + 25) FROM cpu', undefined);
  check('SELECT mean((value)) FROM cpu GROUP BY (time(30m * 2))', undefined);
  check('SELECT top(value, 3 - 3) FROM cpu', 'limit (0) in top function must be at least 1');
  check('SELECT 1 + 2 FROM cpu', 'field must contain at least one variable');
  check('SELECT pow(2, 3) FROM cpu', 'field must contain at least one variable');
  check("SELECT 'a' - 1 FROM cpu", 'cannot perform a binary expression on two literals');
});

test('constant folding is what InfluxDB computes', () => {
  const fold = (written: string, folded: string): void => {
    const parsed = parseQuery(`SELECT ${written} FROM a`);
    const [statement] = parsed.kind === 'error' ? [] : parsed.statements;
    if (statement?.kind !== 'select') throw new Error(`no SELECT: ${written}`);
    expect(formatExpr(foldConstants(statement.fields[0]!.expression)), written).toBe(folded);
  };

  fold('(foo*2) + ( (4/2) + (3 * 5) - 0.5 )', '(foo * 2) + 16.500');
  fold('foo(bar(2 + 3), 4)', 'foo(bar(5), 4)');
  fold('4 / 0', '0.000');
  fold('2 % 0', '0');
  fold('-3 & 3', '1');
  fold('8.5 & -3', '8.500 & -3');
  fold('9223372036854775807 + 1', '-9223372036854775808');
  fold('1h + 30m', '90m');
  fold('1h * 1.5', '1h');
  fold('1h / 0', '0s');
  fold('now() - 1h', 'now() - 1h');
  fold('abs(-5) + round(-2.5)', '2.000');
  fold('log(8, 2) + sqrt(x)', '3.000 + sqrt(x)');
});

test('a WHERE is made of comparisons and calls no aggregates', () => {
  check('SELECT value FROM cpu WHERE true', undefined);
  check("SELECT value FROM cpu WHERE (host = 'a' OR f + abs(g) > 3) AND time < now()", undefined);
  check('SELECT value FROM cpu WHERE host', 'invalid condition expression: host');
  check("SELECT value FROM cpu WHERE host = 'a' AND 1", 'invalid condition expression: 1');
  check('SELECT value FROM cpu WHERE max(value) > 1', 'invalid function call in condition: max(value)');
  check('SELECT value FROM cpu WHERE pow(value) > 1', 'invalid number of arguments for pow, expected 2, got 1');
  // InfluxDB lets this pass and finds nothing.
  check('SELECT value FROM cpu WHERE a = 1 AND (max(value) > 1)', 'invalid function call in condition: max(value)');
});

test('a subquery has the order and, without its own, the windows of the query around it', () => {
  check('SELECT max(m) FROM (SELECT mean(v) AS m FROM cpu GROUP BY host) GROUP BY time(1m)', undefined);
  check('SELECT max(d) FROM (SELECT derivative(mean(v)) AS d FROM cpu) GROUP BY time(1m)', undefined);
  check('SELECT max(d) FROM (SELECT derivative(mean(v)) AS d FROM cpu)', 'derivative aggregate requires a GROUP BY interval');
  check('SELECT max(v) FROM (SELECT v FROM cpu GROUP BY time(1m))', 'fill(none) must be used with a function');
  check('SELECT max(v) FROM (SELECT v FROM cpu) GROUP BY time(1m)', undefined);
  check('SELECT v FROM (SELECT v FROM cpu ORDER BY time DESC)', 'subqueries must be ordered in the same direction as the query itself');
  check('SELECT v FROM (SELECT v FROM (SELECT v FROM cpu ORDER BY time DESC)) ORDER BY time DESC', undefined);
  check('SELECT v FROM (SELECT nope(v) FROM cpu)', 'undefined function nope()');
});

test('functions say what they take', () => {
  check('SELECT relative_strength_index(v, 0) FROM cpu', 'relative_strength_index period must be greater than or equal to 1');
  check("SELECT exponential_moving_average(v, 2, -1, 'x') FROM cpu", "exponential_moving_average warmup type must be one of: 'exponential' 'simple'");
  check("SELECT chande_momentum_oscillator(v, 2, -1, 'none') FROM cpu", undefined);
  check('SELECT triple_exponential_derivative(v, 2, 0) FROM cpu', 'triple_exponential_derivative hold period must be greater than or equal to 1');
  check('SELECT integral(v, 1) FROM cpu', 'second argument must be a duration');
  check('SELECT top(v, 5) FROM cpu LIMIT 3', 'limit (5) in top function can not be larger than the LIMIT (3) in the select statement');
  check('SELECT top(v, host, 5), region FROM cpu', undefined);
  check('SELECT max(*) + 1 FROM cpu', 'unsupported expression with wildcard: max()');
  check('SELECT max(v), min(v), host FROM cpu', 'mixing multiple selector functions with tags or fields is not supported');
  check('SELECT max(v), host FROM cpu', undefined);
});
