import { expect, test } from 'vitest';
import type { Expr, SelectField } from '../influxql/ast.ts';
import { parseQuery } from '../influxql/parse.ts';
import { PlanColumns } from './plan-columns.ts';
import { planProjections, type Projections } from './plan-projections.ts';

const FIELDS = new Map([['v', 'float'], ['w', 'integer'], ['s', 'string']] as const);

function fieldsOf(list: string): readonly SelectField[] {
  const parsed = parseQuery(`SELECT ${list} FROM m`);
  if (parsed.kind === 'error') throw new Error(parsed.message);
  const [statement] = parsed.statements;
  if (statement?.kind !== 'select') throw new Error('no SELECT');
  return statement.fields;
}

function projectionsOf(fields: readonly SelectField[]): Projections {
  const projections = planProjections(fields, new PlanColumns(FIELDS), 7);
  if (projections.kind === 'error') throw new Error(projections.text);
  return projections;
}

test('functions that are the same are computed once, whatever stands around them', () => {
  const check = (list: string, calls: readonly string[], inputs: readonly (number | undefined)[]): void => {
    const projections = projectionsOf(fieldsOf(list));
    expect(projections.calls.map(({ call: { function: name, column, parameter } }) => `${name} ${column} ${parameter}`), list).toEqual(calls);
    expect(projections.expressions.map((each) => (each.kind === 'input' ? each.index : undefined)), list).toEqual(inputs);
  };

  check('max(v), max(v), max(w)', ['max 0 undefined', 'max 1 undefined'], [0, 0, 1]);
  check('max(v), max(v::integer)', ['max 0 undefined', 'max 1 undefined'], [0, 1]);
  check('percentile(v, 5), percentile(v, 5.0), percentile(v, 50)', ['percentile 0 5', 'percentile 0 50'], [0, 0, 1]);
  check('distinct(v), distinct v, count(distinct(v))', ['distinct 0 undefined', 'countDistinct 0 undefined'], [0, 0, 1]);
  check('derivative(max(v), 1s), derivative(max(v), 1000ms), derivative(max(v), 2s)', ['max 0 undefined'], [0, 0, 1]);
  check('derivative(max(v), 1s), max(v)', ['max 0 undefined', 'max 0 undefined'], [0, 1]); // the first begins a window earlier
  check('difference(max(v)), derivative(max(v), 1s)', ['max 0 undefined'], [0, 1]);
  check('max(v), max(nobody)', ['max 0 undefined'], [0, undefined]);
  check('sample(v, 3), sample(v, 3)', ['sample 0 3'], [0, 0]);
});

test('the first function in the text that its field is nothing for is the one that is refused', () => {
  const check = (list: string, text: string): void => expect(planProjections(fieldsOf(list), new PlanColumns(FIELDS), 7), list).toEqual({ kind: 'error', text });

  check('max(v), sum(s), mean(s)', 'unsupported sum iterator type: *query.stringInterruptIterator');
  // As influxd 1.6.7 says it, also of a boolean: `*query.booleanReduceBooleanIterator`.
  check('top(s, 2)', 'unsupported top iterator type: *query.stringInterruptIterator');
  check('top(s, h, 2)', 'unsupported max iterator type: *query.stringInterruptIterator');
  check('bottom(s, h, 2)', 'unsupported min iterator type: *query.stringInterruptIterator');
  check('derivative(v, 1s), sample(v, 2)', 'sample() beside a transformation of a field is not supported');
});

test('as many functions as a text can call are no more work each than a few', () => {
  // Held against each other, they would take minutes.
  const percentile = (parameter: number): SelectField => {
    const args: readonly Expr[] = [{ kind: 'variable', name: 'v', type: undefined }, { kind: 'number', value: parameter }];
    return { expression: { kind: 'call', name: 'percentile', args }, alias: undefined };
  };

  expect(projectionsOf(Array.from({ length: 300_000 }, (_, index) => percentile(index))).calls).toHaveLength(300_000);
});
