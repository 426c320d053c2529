import { hasNumbers, type SeriesSummary } from '@varve/model';
import { isNumeric } from '../plan/binary-operation.ts';
import type { Expression } from '../plan/expression.ts';
import type { ColumnOrigin, MeasurementPlan } from '../plan/shard-plan.ts';

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
  const bound = boundOf(left, right) ?? boundOf(right, left);
  if (bound === undefined || columns[bound.index]?.kind !== 'field') return undefined;
  const isReached = reaches(bound.isLeft ? operator : MIRRORED[operator] ?? operator, bound.value);
  if (isReached === undefined) return undefined;
  return (fields, at) =>
    fields.some(({ name, summaries }) => name === columns[bound.index]!.name && (!hasNumbers(summaries, at) || isReached({ min: summaries.numbers!.min[at]!, max: summaries.numbers!.max[at]! })));

  function boundOf(input: Expression, literal: Expression): { readonly index: number; readonly value: number | bigint; readonly isLeft: boolean } | undefined {
    if (input.kind !== 'input' || literal.kind !== 'literal' || !isNumeric(literal.value)) return undefined;
    return { index: input.index, value: literal.value, isLeft: input === left };
  }
}

function combined(operator: 'AND' | 'OR', left: Test | undefined, right: Test | undefined): Test | undefined {
  if (operator === 'OR') return left && right && ((fields, at) => left(fields, at) || right(fields, at));
  if (left === undefined || right === undefined) return left ?? right;
  return (fields, at) => left(fields, at) && right(fields, at);
}

const MIRRORED: Partial<Record<string, string>> = { '<': '>', '<=': '>=', '>': '<', '>=': '<=' };

/** Whether a value between two bounds can stand before the operator. */
function reaches(operator: string, value: number | bigint): ((bounds: { readonly min: number; readonly max: number }) => boolean) | undefined {
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
    default:
      return undefined;
  }
}
