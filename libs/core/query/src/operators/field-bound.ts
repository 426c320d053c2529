import { isNumeric } from '../plan/binary-operation.ts';
import type { Expression } from '../plan/expression.ts';
import type { FilterColumn } from '../plan/shard-plan.ts';

export type Comparison = '=' | '!=' | '<' | '<=' | '>' | '>=';

/** A comparison of a field with a number: the field stands on the left. */
export interface FieldBound {
  readonly name: string;
  readonly operator: Comparison;
  readonly value: number | bigint;
}

/** With each operator the one that says the same when its sides are swapped. */
const MIRRORED: Readonly<Record<Comparison, Comparison>> = { '=': '=', '!=': '!=', '<': '>', '<=': '>=', '>': '<', '>=': '<=' };

/** The expression as such a comparison, if it is one. Its inputs count through `columns`. */
export function fieldBound(expression: Expression, columns: readonly FilterColumn[]): FieldBound | undefined {
  if (expression.kind !== 'binary' || !(expression.operator in MIRRORED)) return undefined;
  const { left, right } = expression;
  const operator = expression.operator as Comparison;
  return boundOf(left, operator, right, columns) ?? boundOf(right, MIRRORED[operator], left, columns);
}

function boundOf(input: Expression, operator: Comparison, literal: Expression, columns: readonly FilterColumn[]): FieldBound | undefined {
  if (input.kind !== 'input' || literal.kind !== 'literal' || !isNumeric(literal.value)) return undefined;
  const column = columns[input.index];
  return column?.kind === 'field' ? { name: column.name, operator, value: literal.value } : undefined;
}
