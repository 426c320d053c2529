import { hasNumbers, type SeriesSummary } from '@varve/model';
import type { Expression } from '../plan/expression.ts';
import type { ColumnOrigin, MeasurementPlan } from '../plan/shard-plan.ts';
import { fieldBound, type FieldBound } from './field-bound.ts';

/** What fields of some rows come to. */
type Summaries = SeriesSummary['fields'];
type Test = (fields: Summaries, at: number) => boolean;

/**
 * Whether any of some rows can pass a row filter, judged by the least and the greatest value of their fields. It errs on the
 * side of yes: only comparisons of a field with a number, combined by AND and OR, are looked at. Undefined: it would never say no.
 */
export function mayPassOf({ rowFilter, filterColumns }: Pick<MeasurementPlan, 'rowFilter' | 'filterColumns'>): Test | undefined {
  return rowFilter === undefined ? undefined : testOf(rowFilter, filterColumns);
}

function testOf(expression: Expression, columns: readonly ColumnOrigin[]): Test | undefined {
  if (expression.kind !== 'binary') return undefined;
  const { operator, left, right } = expression;
  if (operator === 'AND' || operator === 'OR') return combined(operator, testOf(left, columns), testOf(right, columns));
  const bound = fieldBound(expression, columns);
  const isReached = bound && reaches(bound);
  if (isReached === undefined) return undefined;
  return (fields, at) =>
    fields.some(({ name, summaries }) => name === bound!.name && (!hasNumbers(summaries, at) || isReached({ min: summaries.numbers!.min[at]!, max: summaries.numbers!.max[at]! })));
}

function combined(operator: 'AND' | 'OR', left: Test | undefined, right: Test | undefined): Test | undefined {
  if (operator === 'OR') return left && right && ((fields, at) => left(fields, at) || right(fields, at));
  if (left === undefined || right === undefined) return left ?? right;
  return (fields, at) => left(fields, at) && right(fields, at);
}

/** Whether a value between two bounds can stand before the operator. */
function reaches({ operator, value }: FieldBound): ((bounds: { readonly min: number; readonly max: number }) => boolean) | undefined {
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
