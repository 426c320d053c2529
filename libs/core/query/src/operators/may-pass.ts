import { hasNumbers, type SeriesSummaries } from '@varve/model';
import { alternativesIn, numbersIn, rangeTest } from '../plan/alternatives.ts';
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
  const among = operator === 'OR' ? amongTest(expression, columns) : undefined;
  if (among !== undefined) return among;
  if (operator === 'AND' || operator === 'OR') return combined(operator, testOf(left, columns), testOf(right, columns));
  const bound = fieldBound(expression, columns);
  const isReached = bound && reaches(bound);
  if (isReached === undefined) return undefined;
  return fieldTest(bound!.name, isReached);
}

/** Values of one field that are all numbers, however many, are looked for together. */
function amongTest(expression: Expression, columns: readonly FilterColumn[]): Test | undefined {
  const alternatives = alternativesIn(expression);
  if (alternatives === undefined || alternatives.others.length > 0) return undefined;
  const [only, ...others] = alternatives.values;
  if (only === undefined || others.length > 0) return undefined;
  const [index, values] = only;
  const column = columns[index];
  const numbers = numbersIn(values);
  return column?.kind === 'field' && numbers.length === values.size ? fieldTest(column.name, rangeTest(numbers)) : undefined;
}

function fieldTest(field: string, isReached: RangeTest): Test {
  return (fields, at) =>
    fields.some(({ name, summaries }) => name === field && (!hasNumbers(summaries, at) || isReached({ min: summaries.numbers!.min[at]!, max: summaries.numbers!.max[at]! })));
}

type RangeTest = (bounds: { readonly min: number; readonly max: number }) => boolean;

function combined(operator: 'AND' | 'OR', left: Test | undefined, right: Test | undefined): Test | undefined {
  if (operator === 'OR') return left && right && ((fields, at) => left(fields, at) || right(fields, at));
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
