import type { TimestampNs } from '@varve/base';
import { MAX_TIME_NS, MIN_TIME_NS } from '@varve/model';
import type { BinaryExpr, Expr } from '../influxql/ast.ts';
import { isTimeName } from '../influxql/is-time-name.ts';
import { formatExpr } from '../influxql/print.ts';
import { conditionProblem } from '../influxql/validate-condition.ts';
import { foldTime, type Clock } from './fold-time.ts';
import { planError, type PlanError } from './schema-view.ts';

/** A condition without its parts about time, and the bounds that those gave (both inclusive; undefined: open). */
export interface SplitCondition {
  readonly kind: 'split';
  readonly minNs: TimestampNs | undefined;
  readonly maxNs: TimestampNs | undefined;
  readonly rest: Expr | undefined;
}

/**
 * Takes the bounds of time out of a condition. As InfluxDB has it, they always cut the range, even below an OR. What
 * remains is the condition on tags and fields.
 */
export function splitTime(condition: Expr | undefined, clock: Clock): SplitCondition | PlanError {
  if (condition === undefined) return between(undefined, undefined);
  switch (condition.kind) {
    case 'paren': {
      const inner = splitTime(condition.inner, clock);
      if (inner.kind === 'error' || inner.rest === undefined) return inner;
      return between(inner.minNs, inner.maxNs, inner.rest === condition.inner ? condition : { kind: 'paren', inner: inner.rest });
    }
    case 'boolean':
      return between(undefined, undefined, condition);
    case 'binary':
      return splitBinary(condition, clock);
    default:
      return planError(`invalid condition expression: ${formatExpr(condition)}`);
  }
}

function between(minNs: TimestampNs | undefined, maxNs: TimestampNs | undefined, rest?: Expr): SplitCondition {
  return { kind: 'split', minNs, maxNs, rest };
}

function splitBinary(condition: BinaryExpr, clock: Clock): SplitCondition | PlanError {
  const { operator, left, right } = condition;
  if (operator === 'AND' || operator === 'OR') return splitBoth(condition, clock);
  if (isTime(left)) return boundOf(operator, right, clock);
  if (isTime(right)) return boundOf(MIRRORED[operator] ?? operator, left, clock);
  const problem = conditionProblem(condition);
  if (problem !== undefined) return planError(problem);
  return between(undefined, undefined, condition);
}

function splitBoth(condition: BinaryExpr, clock: Clock): SplitCondition | PlanError {
  const first = splitTime(condition.left, clock);
  if (first.kind === 'error') return first;
  const second = splitTime(condition.right, clock);
  if (second.kind === 'error') return second;
  return between(later(first.minNs, second.minNs), earlier(first.maxNs, second.maxNs), joined(condition, first.rest, second.rest));
}

/** What is left of the two sides of a condition. */
function joined(condition: BinaryExpr, left: Expr | undefined, right: Expr | undefined): Expr | undefined {
  if (left === undefined) return right;
  if (right === undefined) return left;
  if (left === condition.left && right === condition.right) return condition;
  return { kind: 'binary', operator: condition.operator, left, right };
}

function later(one: TimestampNs | undefined, other: TimestampNs | undefined): TimestampNs | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return one > other ? one : other;
}

function earlier(one: TimestampNs | undefined, other: TimestampNs | undefined): TimestampNs | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return one < other ? one : other;
}

function isTime(expression: Expr): boolean {
  return expression.kind === 'variable' && isTimeName(expression.name);
}

const MIRRORED: Partial<Record<BinaryExpr['operator'], BinaryExpr['operator']>> = { '<': '>', '<=': '>=', '>': '<', '>=': '<=' };

function boundOf(operator: BinaryExpr['operator'], value: Expr, clock: Clock): SplitCondition | PlanError {
  const time = foldTime(value, clock);
  if (typeof time !== 'bigint') return time;
  switch (operator) {
    case '>':
      return between(clamped(time + 1n), undefined);
    case '>=':
      return between(clamped(time), undefined);
    case '<':
      return between(undefined, clamped(time - 1n));
    case '<=':
      return between(undefined, clamped(time));
    case '=':
      return between(clamped(time), clamped(time));
    default:
      return planError(`invalid time comparison operator: ${operator}`);
  }
}

/** One beyond the ends stays beyond them: no point is there. */
function clamped(timeNs: bigint): bigint {
  if (timeNs < BELOW_MIN_NS) return BELOW_MIN_NS;
  return timeNs > ABOVE_MAX_NS ? ABOVE_MAX_NS : timeNs;
}

const BELOW_MIN_NS = MIN_TIME_NS - 1n;
const ABOVE_MAX_NS = MAX_TIME_NS + 1n;
