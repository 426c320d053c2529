import fc from 'fast-check';
import { expect, test } from 'vitest';
import { matchesTags, type Cell, type FieldType } from '@varve/model';
import type { Expr, Operator } from '../influxql/ast.ts';
import { compileExpression } from './expression.ts';
import { planCondition } from './plan-condition.ts';
import type { FilterColumn } from './shard-plan.ts';
import { compileTagFilter } from './tag-expression.ts';

const FIELDS: ReadonlyMap<string, FieldType> = new Map([['f', 'float'], ['s', 'string'], ['b', 'boolean']]);
const TAGS = ['t', 'u'];

const variable = (name: string): Expr => ({ kind: 'variable', name, type: undefined });
const compare = (left: Expr, operator: Operator, right: Expr): Expr => ({ kind: 'binary', operator, left, right });
const text = fc.constantFrom('', 'a', 'b').map((value): Expr => ({ kind: 'string', value }));

const leaf = fc.oneof(
  fc.tuple(fc.constantFrom(...TAGS, 's'), fc.constantFrom<Operator>('=', '!='), text, fc.boolean()).map(([name, operator, value, isSwapped]) =>
    isSwapped ? compare(value, operator, variable(name)) : compare(variable(name), operator, value),
  ),
  fc.tuple(fc.constantFrom(...TAGS, 's'), fc.constantFrom<Operator>('=~', '!~'), fc.constantFrom('a', '^$', 'a|b')).map(([name, operator, pattern]) =>
    compare(variable(name), operator, { kind: 'regex', pattern }),
  ),
  fc.tuple(fc.constantFrom<Operator>('<', '>=', '=', '!='), fc.integer({ min: -1, max: 1 })).map(([operator, value]) =>
    compare(variable('f'), operator, { kind: 'number', value }),
  ),
  fc.tuple(fc.constantFrom('f', 't'), fc.constantFrom<Operator>('<', '>=', '=', '!=')).map(([name, operator]) =>
    compare({ kind: 'call', name: 'abs', args: [variable(name)] }, operator, { kind: 'number', value: 1 }),
  ),
  fc.constantFrom(compare(variable('b'), '=', { kind: 'boolean', value: true })),
  fc.tuple(fc.constantFrom('t', 's', 'u', 'nope'), fc.constantFrom<Operator>('=', '!='), fc.constantFrom('t', 'u', 's')).map(([left, operator, right]) => compare(variable(left), operator, variable(right))),
  fc.tuple(fc.constantFrom<Operator>('=', '!='), fc.constantFrom<Operator>('=', '!='), fc.oneof(text, fc.constant(variable('u'))), fc.boolean()).map(([inner, outer, right, value]) =>
    compare({ kind: 'paren', inner: compare(variable('t'), inner, right) }, outer, { kind: 'boolean', value }),
  ),
  fc.boolean().map((value): Expr => ({ kind: 'boolean', value })),
);
const { condition } = fc.letrec<{ condition: Expr }>((tie) => ({
  condition: fc.oneof(
    { depthSize: 'small' },
    leaf,
    fc.tuple(fc.constantFrom<Operator>('AND', 'OR'), tie('condition'), tie('condition')).map(([operator, left, right]) => compare(left, operator, right)),
    tie('condition').map((inner): Expr => ({ kind: 'paren', inner })),
  ),
}));
const row = fc.record<Record<string, Cell>>({
  t: fc.constantFrom('', 'a', 'b'),
  u: fc.constantFrom('', 'a'),
  f: fc.constantFrom(null, -1, 0, 1),
  s: fc.constantFrom(null, '', 'a', 'b'),
  b: fc.constantFrom(null, true, false),
});

// The dumb way asks the whole condition of each row; the clever way asks the tags first, then what is left.
test('QC3: the series filter and the row filter together are the condition', () => {
  fc.assert(
    fc.property(condition, row, (expression, cells) => {
      const planned = planCondition(expression, FIELDS);
      const tags = compileTagFilter(planned.tagFilter);
      const passesTags = matchesTags(tags, (key) => String(cells[key] ?? ''));
      const passesRow =
        planned.rowFilter === undefined ||
        compileExpression(planned.rowFilter, {
          input: (index) => () => columnOf(planned.filterColumns[index]!, cells),
          clause: 'WHERE',
        })(0) === true;
      expect(passesTags && passesRow).toBe(holds(expression, cells));
    }),
    { numRuns: 3000 },
  );
});

function columnOf({ kind, name }: FilterColumn, cells: Readonly<Record<string, Cell>>): Cell {
  if (kind === 'tag') return cells[name] ?? '';
  const cell = cells[name] ?? null;
  return kind === 'tagOrNull' && cell === '' ? null : cell;
}

/** WH1: of series where only AND, OR and parentheses are around. */
function holds(expression: Expr, cells: Readonly<Record<string, Cell>>): boolean {
  if (expression.kind === 'paren') return holds(expression.inner, cells);
  if (expression.kind === 'boolean') return expression.value;
  if (expression.kind !== 'binary') return false;
  const { operator, left, right } = expression;
  if (operator === 'AND') return holds(left, cells) && holds(right, cells);
  if (operator === 'OR') return holds(left, cells) || holds(right, cells);
  if (isTag(left) && isTag(right) && operator === '!=') return !holdsOfRow({ ...expression, operator: '=' }, cells);
  const isOfSeries = (isTag(left) && isText(right)) || (isText(left) && isTag(right));
  return isOfSeries ? compared(operator, valueOf(left, cells) ?? '', valueOf(right, cells) ?? '') : holdsOfRow(expression, cells);
}

function holdsOfRow(expression: Expr, cells: Readonly<Record<string, Cell>>): boolean {
  if (expression.kind === 'paren') return holdsOfRow(expression.inner, cells);
  if (expression.kind !== 'binary') return valueOf(expression, cells) === true;
  const { operator, left, right } = expression;
  const valueIn = (side: Expr): Cell => (side.kind === 'paren' ? holdsOfRow(side, cells) : valueOf(side, cells));
  return compared(operator, valueIn(left), valueIn(right));
}

function isTag(expression: Expr): boolean {
  return expression.kind === 'variable' && !FIELDS.has(expression.name);
}

function isText(expression: Expr): boolean {
  return expression.kind === 'string' || expression.kind === 'regex';
}

function compared(operator: Operator, first: Cell, second: Cell): boolean {
  if (first === null || second === null) return false;
  if (operator === '=~' || operator === '!~') return new RegExp(String(second)).test(String(first)) === (operator === '=~');
  if (operator === '=') return first === second;
  if (operator === '!=') return first !== second;
  return operator === '<' ? first < second : first >= second;
}

function valueOf(expression: Expr, cells: Readonly<Record<string, Cell>>): Cell {
  if (expression.kind === 'call') {
    const argument = valueOf(expression.args[0]!, cells);
    return typeof argument === 'number' ? Math.abs(argument) : null;
  }
  if (expression.kind === 'variable') return isTag(expression) && cells[expression.name] === '' ? null : (cells[expression.name] ?? null);
  if (expression.kind === 'regex') return expression.pattern;
  return 'value' in expression ? (expression.value as Cell) : null;
}
