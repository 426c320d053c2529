import { hasNumbers, type SeriesSummaries } from '@varve/model';
import { alternativesIn, numbersIn, operandsOf, rangeTest, type Alternatives } from '../plan/alternatives.ts';
import type { Expression } from '../plan/expression.ts';
import type { FilterColumn, MeasurementPlan } from '../plan/shard-plan.ts';
import { fieldBound, type FieldBound } from './field-bound.ts';

/** What fields of some rows come to. */
type Summaries = SeriesSummaries['fields'];
type Test = (fields: Summaries, at: number) => boolean;

/**
 * Whether any of some rows can pass a row filter, judged by the least and the greatest value of their fields. It errs on the
 * side of yes: only comparisons of a field with a number, combined by AND and OR, are looked at. Undefined: it would never say no.
 */
export function mayPassOf({ rowFilter, filterColumns }: Pick<MeasurementPlan, 'rowFilter' | 'filterColumns'>): Test | undefined {
  return rowFilter === undefined ? undefined : testOf(rowFilter, filterColumns);
}

function testOf(expression: Expression, columns: readonly FilterColumn[]): Test | undefined {
  if (expression.kind !== 'binary') return undefined;
  const { operator, left, right } = expression;
  if (operator === 'OR') return anyTest(expression, columns);
  if (operator === 'AND') return bothTest(testOf(left, columns), testOf(right, columns));
  const bound = fieldBound(expression, columns);
  const isReached = bound && reaches(bound);
  if (isReached === undefined) return undefined;
  return fieldTest(bound!.name, isReached);
}

/** What takes a time for each operand is not asked of very many: pages are looked at one after the other, in one go. */
const OPERAND_COUNT_MAX = 1_000;

function anyTest(expression: Expression, columns: readonly FilterColumn[]): Test | undefined {
  const operands = operandsOf('OR', expression);
  const alternatives = alternativesIn(expression);
  const among = alternatives && amongTest(alternatives, columns);
  // Each value alone asks for no more than all of them together; what must hold beside it may rule out more.
  if (among !== undefined && (alternatives!.conditions.size === 0 || operands.length > OPERAND_COUNT_MAX)) return among;
  if (operands.length > OPERAND_COUNT_MAX) return undefined;
  const tests: Test[] = [];
  for (const each of operands) {
    const test = testOf(each, columns);
    if (test === undefined) return undefined;
    tests.push(test);
  }
  return (fields, at) => tests.some((test) => test(fields, at));
}

/** Values of one field that are all numbers, however many, are looked for together. */
function amongTest({ values, conditions, others }: Alternatives, columns: readonly FilterColumn[]): Test | undefined {
  const [index, ...rest] = new Set([...values.keys(), ...conditions.keys()]);
  if (index === undefined || rest.length > 0 || others.length > 0) return undefined;
  const wanted = new Set([...(values.get(index) ?? []), ...(conditions.get(index)?.keys() ?? [])]);
  const column = columns[index];
  const numbers = numbersIn(wanted);
  return column?.kind === 'field' && numbers.length === wanted.size ? fieldTest(column.name, rangeTest(numbers)) : undefined;
}

function fieldTest(field: string, isReached: RangeTest): Test {
  return (fields, at) =>
    fields.some(({ name, summaries }) => name === field && (!hasNumbers(summaries, at) || isReached({ min: summaries.numbers!.min[at]!, max: summaries.numbers!.max[at]! })));
}

type RangeTest = (bounds: { readonly min: number; readonly max: number }) => boolean;

function bothTest(left: Test | undefined, right: Test | undefined): Test | undefined {
  if (left === undefined || right === undefined) return left ?? right;
  return (fields, at) => left(fields, at) && right(fields, at);
}

/** Whether a value between two bounds can stand before the operator. */
function reaches({ operator, value }: FieldBound): RangeTest | undefined {
  switch (operator) {
    case '=':
      return ({ min, max }) => min <= value && max >= value;
    case '<':
      return ({ min }) => min < value;
    case '<=':
      return ({ min }) => min <= value;
    case '>':
      return ({ max }) => max > value;
    case '>=':
      return ({ max }) => max >= value;
    case '!=':
      return undefined;
  }
}
