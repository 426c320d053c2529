import { Prng } from '@varve/base';
import type { Cell } from '@varve/model';
import { expect, test } from 'vitest';
import { textMatcher } from '../influxql/text-matcher.ts';
import { binaryOperation, type Clause } from './binary-operation.ts';
import { compileExpression, type Expression } from './expression.ts';

const VALUES: readonly Cell[] = [null, 0, -0, 1, 1.5, NaN, Infinity, 1n, 2n ** 53n, 2 ** 53, 2n ** 53n + 1n, 2n ** 63n - 1n, 2 ** 63, -(2n ** 63n), true, false, '', '1', 'true'];
const INPUTS = 2;

/** Operator by operator, as it stands. */
function plain(expression: Expression, row: readonly Cell[], clause: Clause): Cell {
  switch (expression.kind) {
    case 'literal':
      return expression.value;
    case 'input':
      return row[expression.index]!;
    case 'binary': {
      const { operator, left, right } = expression;
      const first = plain(left, row, clause);
      if (operator !== '=~' && operator !== '!~') return binaryOperation(operator, { areIntegers: false, clause }).apply(first, plain(right, row, clause));
      return right.kind === 'regex' && typeof first === 'string' && textMatcher(right.pattern)(first) === (operator === '=~');
    }
    default:
      return null;
  }
}

function anyOperand(prng: Prng): Expression {
  return prng.chance(0.6) ? { kind: 'input', index: prng.between(0, INPUTS - 1), type: 'float' } : { kind: 'literal', value: prng.pick(VALUES), type: 'float' };
}

function anyCondition(prng: Prng, depth: number, orShare: number): Expression {
  const operand = (): Expression => anyCondition(prng, depth - 1, orShare);
  if (depth > 0 && prng.chance(0.8)) return { kind: 'binary', operator: prng.chance(orShare) ? 'OR' : 'AND', left: operand(), right: operand() };
  if (prng.chance(0.05)) return anyOperand(prng); // May be null or no boolean.
  if (prng.chance(0.1)) return { kind: 'binary', operator: prng.pick(['=~', '!~']), left: anyOperand(prng), right: { kind: 'regex', pattern: 'r' } };
  return { kind: 'binary', operator: prng.chance(0.8) ? '=' : prng.pick(['!=', '<', '>=', '+']), left: anyOperand(prng), right: anyOperand(prng) };
}

test.each(['WHERE', 'SELECT'] as const)('values that are taken together let the same rows pass as one by one: %s', (clause) => {
  const prng = new Prng(11);
  const rows = VALUES.flatMap((first) => VALUES.map((second) => [first, second]));
  for (let round = 0; round < 400; round += 1) {
    const condition = anyCondition(prng, 4, round % 2 === 0 ? 0.85 : 0.5);
    const read = compileExpression(condition, { input: (index) => (row) => rows[row]![index]!, clause });
    const text = JSON.stringify(condition, (_key, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value));
    expect(rows.map((_row, row) => read(row)), text).toEqual(rows.map((row) => plain(condition, row, clause)));
  }
});

test('what stands beside a value in very many chains of AND is looked at for rows with that value, and where the left side decides, the right one is not', () => {
  const compare = (index: number, operator: '=' | '>', value: number): Expression => ({ kind: 'binary', operator, left: { kind: 'input', index, type: 'float' }, right: { kind: 'literal', value, type: 'float' } });
  const both = (operator: 'AND' | 'OR', left: Expression, right: Expression): Expression => ({ kind: 'binary', operator, left, right });
  const lookCounts = [0, 0, 0];
  const input = (index: number) => (row: number): Cell => {
    lookCounts[index] = lookCounts[index]! + 1;
    return [3, row, 2 * row][index]!;
  };
  const looksOf = (condition: Expression): readonly number[] => {
    lookCounts.fill(0);
    const read = compileExpression(condition, { input, clause: 'WHERE' });
    expect(Array.from({ length: 100 }, (_, row) => read(row) === true).filter(Boolean)).toHaveLength(50);
    return [...lookCounts];
  };

  // x = 3 AND y = n AND z > 98
  const chains = Array.from({ length: 100 }, (_, index) => both('AND', both('AND', compare(0, '=', 3), compare(1, '=', index)), compare(2, '>', 98)));
  expect(looksOf(chains.reduce((left, right) => both('OR', left, right)))).toEqual([100, 100, 100]);
  expect(looksOf(both('AND', compare(1, '>', 49), compare(0, '=', 3)))).toEqual([50, 100, 0]);
  expect(looksOf(both('OR', compare(1, '>', 49), compare(0, '>', 4)))).toEqual([50, 100, 0]);
});

test('very many values cost a row no more than one', () => {
  const chain = (from: number, to: number): Expression => {
    if (to - from === 1) return { kind: 'binary', operator: '=', left: { kind: 'input', index: 0, type: 'float' }, right: { kind: 'literal', value: from, type: 'float' } };
    const middle = (from + to) >>> 1;
    return { kind: 'binary', operator: 'OR', left: chain(from, middle), right: chain(middle, to) };
  };
  let lookCount = 0;
  const input = () => (row: number): Cell => {
    lookCount += 1;
    return row * 10_000 + 0.5 * (row % 2);
  };
  const read = compileExpression(chain(0, 20_000), { input, clause: 'WHERE' });
  expect([0, 1, 2, 3].map(read)).toEqual([true, false, false, false]);
  expect(lookCount).toBe(4);
});
