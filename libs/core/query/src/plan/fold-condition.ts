import type { BinaryExpr, Expr, Operator } from '../influxql/ast.ts';
import { foldConstants, foldWhole } from '../influxql/fold-constants.ts';

/**
 * A WHERE without what holds for every row alike, as InfluxDB looks at one: `1 = 1` is `true`, `host = 'a' AND false` is
 * `false`, `1 + 2` is 3 (which is no condition, and refused as one). Where nothing is constant it is given back as it is.
 */
export function foldCondition(condition: Expr): Expr {
  switch (condition.kind) {
    case 'paren': {
      const inner = foldCondition(condition.inner);
      return inner === condition.inner ? condition : inner.kind === 'binary' ? { kind: 'paren', inner } : inner;
    }
    case 'binary':
      return condition.operator === 'AND' || condition.operator === 'OR' ? foldBoth(condition) : foldComparison(condition);
    default:
      return condition;
  }
}

/** One side that is always true (or false) is the whole, or leaves it to the other side. */
function foldBoth(condition: BinaryExpr): Expr {
  const left = foldCondition(condition.left);
  const right = foldCondition(condition.right);
  const decisive = condition.operator === 'OR';
  for (const [side, other] of [[left, right], [right, left]] as const) {
    if (side.kind === 'boolean') return side.value === decisive ? side : other;
  }
  return left === condition.left && right === condition.right ? condition : { kind: 'binary', operator: condition.operator, left, right };
}

function foldComparison(condition: BinaryExpr): Expr {
  const value = compared(condition.operator, foldWhole(condition.left), foldWhole(condition.right));
  if (value !== undefined) return { kind: 'boolean', value };
  const whole = foldConstants(condition);
  return whole.kind === 'binary' ? condition : whole;
}

/** undefined: it depends on the row, or InfluxDB does not compare such values here. */
function compared(operator: Operator, left: Expr, right: Expr): boolean | undefined {
  if (left.kind === 'string' && right.kind === 'string') return ofEquality(operator, left.value === right.value);
  if (left.kind === 'boolean' && right.kind === 'boolean') return ofEquality(operator, left.value === right.value);
  const [first, second] = left.kind === 'duration' && right.kind === 'duration' ? [left.ns, right.ns] : [numberOf(left), numberOf(right)];
  return first === undefined || second === undefined ? undefined : COMPARISONS[operator]?.(first, second);
}

function ofEquality(operator: Operator, isEqual: boolean): boolean | undefined {
  if (operator === '=') return isEqual;
  return operator === '!=' ? !isEqual : undefined;
}

function numberOf(expression: Expr): number | bigint | undefined {
  return expression.kind === 'number' || expression.kind === 'integer' || expression.kind === 'unsigned' ? expression.value : undefined;
}

/** An int64 and a float64 are compared exactly. */
const COMPARISONS: Partial<Record<Operator, (left: number | bigint, right: number | bigint) => boolean>> = {
  '=': (left, right) => left <= right && left >= right,
  '!=': (left, right) => !(left <= right && left >= right),
  '<': (left, right) => left < right,
  '<=': (left, right) => left <= right,
  '>': (left, right) => left > right,
  '>=': (left, right) => left >= right,
};
