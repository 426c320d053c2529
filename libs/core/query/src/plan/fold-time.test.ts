import { expect, test } from 'vitest';
import type { SelectStatement } from '../influxql/ast.ts';
import { parseOne } from '../testing/memory-engine.ts';
import { foldTime } from './fold-time.ts';

const NOW_NS = 1_600_000_000_000_000_000n;
const HOUR_NS = 3_600_000_000_000n;
const DAY_NS = 1_577_836_800_000_000_000n; // 2020-01-01

/** What stands behind `time >`, folded; or the error's text. */
function folded(text: string): bigint | string {
  const { condition } = parseOne(`SELECT f FROM m WHERE time > ${text}`) as SelectStatement;
  if (condition?.kind !== 'binary') throw new Error(text);
  const time = foldTime(condition.right, { nowNs: NOW_NS, timeZone: undefined });
  return typeof time === 'bigint' ? time : time.text.replace(/^invalid operation: time and \*influxql\.(\w+) are not compatible$/, '$1');
}

test.each([
  ["'2020-01-01' + 1h", DAY_NS + HOUR_NS],
  ["'2020-01-01' - '2020-01-01'", 0n],
  ["'2020-01-01' + 3", DAY_NS + 3n],
  ["'2020-01-01' + now()", 'BinaryExpr'],
  ["'2020-01-01' + '1h'", 'StringLiteral'],
  ["'2020-01-01' + '2020-01-01'", 'StringLiteral'],
  ['now() - 1h', NOW_NS - HOUR_NS],
  ['now() - 2 * 1h', 'BinaryExpr'],
  ['now() - 1h * 2', NOW_NS - 2n * HOUR_NS],
  ['1h + now()', NOW_NS + HOUR_NS],
  ['1h - now()', 'BinaryExpr'],
  ['1h + 3', 'BinaryExpr'],
  ['1h * 3', 3n * HOUR_NS],
  ['1h * 2.5', 2n * HOUR_NS],
  ['1h / 2.5', HOUR_NS / 2n],
  ['1h / 0', 0n],
  ['1h * 9223372036854775807', -HOUR_NS],
  ['3 * 1h', 'BinaryExpr'],
  ['3 + 1h', HOUR_NS + 3n],
  ['3 - 1h', 3n - HOUR_NS],
  ['3 + now()', NOW_NS + 3n],
  ['3 - now()', 'BinaryExpr'],
  ['7 % 4', 3n],
  ['6 & 3', 2n],
  ['6 | 3', 7n],
  ['6 ^ 3', 5n],
  ['3 + 2.5', 5n],
  ['2.5 * 3', 7n],
  ['2.5 % 0', -(2n ** 63n)],
  ['2.5 * 1h', 'BinaryExpr'],
  ['true & true', 'BooleanLiteral'],
  ['true + true', 'BinaryExpr'],
])('constants beside time are computed where 1.6.7 computes them: %s', (text, expected) => {
  expect(folded(text)).toBe(expected);
});
