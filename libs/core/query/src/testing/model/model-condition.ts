import type { Expr } from '../../influxql/ast.ts';
import { evaluate, type Value } from './model-value.ts';

/** Times that a statement is about, both ends included. */
export interface TimeBounds {
  readonly minNs: bigint | undefined;
  readonly maxNs: bigint | undefined;
}

/** What WHERE says of time: every comparison with it binds, wherever it stands. */
export function timeBounds(condition: Expr | undefined, nowNs: bigint): TimeBounds {
  if (condition === undefined) return { minNs: undefined, maxNs: undefined };
  if (condition.kind === 'paren') return timeBounds(condition.inner, nowNs);
  if (condition.kind !== 'binary') return { minNs: undefined, maxNs: undefined };
  if (condition.operator === 'AND' || condition.operator === 'OR') return intersected(timeBounds(condition.left, nowNs), timeBounds(condition.right, nowNs));
  if (!isTime(condition.left)) return { minNs: undefined, maxNs: undefined };
  const ns = timeOf(condition.right, nowNs);
  switch (condition.operator) {
    case '=':
      return { minNs: ns, maxNs: ns };
    case '>':
      return { minNs: ns + 1n, maxNs: undefined };
    case '>=':
      return { minNs: ns, maxNs: undefined };
    case '<':
      return { minNs: undefined, maxNs: ns - 1n };
    case '<=':
      return { minNs: undefined, maxNs: ns };
    default:
      throw new Error(`the model does not compare times by ${condition.operator}`);
  }
}

/** The narrower one of two bounds at each end. */
export function intersected(left: TimeBounds, right: TimeBounds): TimeBounds {
  const greater = (a: bigint | undefined, b: bigint | undefined): bigint | undefined => (a === undefined || (b !== undefined && b > a) ? b : a);
  const less = (a: bigint | undefined, b: bigint | undefined): bigint | undefined => (a === undefined || (b !== undefined && b < a) ? b : a);
  return { minNs: greater(left.minNs, right.minNs), maxNs: less(left.maxNs, right.maxNs) };
}

/** What names are worth in one row, in WHERE. */
export interface ConditionNames {
  /** null: it is not there. */
  valueOf(name: string): Value;
  isTag(name: string): boolean;
}

/** Whether a row passes WHERE, its times left aside. */
export function passes(condition: Expr | undefined, names: ConditionNames): boolean {
  const rest = condition === undefined ? undefined : withoutTime(condition);
  return rest === undefined || holds(rest, names);
}

/**
 * Where only AND, OR and parentheses are around a comparison, it is one of series: a tag that is not there is an empty text beside
 * a text or a pattern, and two tags are unequal where they are not equal. Anywhere else it equals and differs from nothing.
 */
function holds(condition: Expr, names: ConditionNames): boolean {
  if (condition.kind === 'paren') return holds(condition.inner, names);
  const lookup = (expression: Expr): Value | undefined => (expression.kind === 'variable' ? names.valueOf(expression.name) : undefined);
  if (condition.kind !== 'binary') return evaluate(condition, lookup) === true;
  const { operator, left, right } = condition;
  if (operator === 'AND') return holds(left, names) && holds(right, names);
  if (operator === 'OR') return holds(left, names) || holds(right, names);
  const isTag = (expression: Expr): boolean => expression.kind === 'variable' && names.isTag(expression.name);
  if (isTag(left) && isTag(right) && operator === '!=') return !holds({ ...condition, operator: '=' }, names);
  if (isTag(left) && (right.kind === 'string' || right.kind === 'regex')) return evaluate(condition, (expression) => (expression === left ? (lookup(left) ?? '') : undefined)) === true;
  return evaluate(condition, lookup) === true;
}

function withoutTime(condition: Expr): Expr | undefined {
  if (condition.kind === 'paren') return withoutTime(condition.inner);
  if (condition.kind !== 'binary') return condition;
  if (condition.operator !== 'AND' && condition.operator !== 'OR') return isTime(condition.left) ? undefined : condition;
  const [left, right] = [withoutTime(condition.left), withoutTime(condition.right)];
  return left === undefined ? right : right === undefined ? left : { ...condition, left, right };
}

function isTime(expression: Expr): boolean {
  return expression.kind === 'variable' && expression.name === 'time';
}

function timeOf(expression: Expr, nowNs: bigint): bigint {
  switch (expression.kind) {
    case 'integer':
      return expression.value;
    case 'duration':
      return expression.ns;
    case 'string':
      return BigInt(Date.parse(expression.value)) * 1_000_000n;
    case 'paren':
      return timeOf(expression.inner, nowNs);
    case 'call':
      return nowNs;
    case 'binary':
      return timeOf(expression.left, nowNs) + (expression.operator === '+' ? 1n : -1n) * timeOf(expression.right, nowNs);
    default:
      throw new Error(`the model knows no time such as ${expression.kind}`);
  }
}
