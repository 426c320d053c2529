import type { TimestampNs } from '@varve/base';
import { MAX_TIME_NS, MIN_TIME_NS } from '@varve/model';
import type { BinaryExpr, Expr } from '../influxql/ast.ts';
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
  if (condition === undefined) return { ...UNBOUNDED, rest: undefined };
  switch (condition.kind) {
    case 'paren': {
      const inner = splitTime(condition.inner, clock);
      if (inner.kind === 'error' || inner.rest === undefined) return inner;
      return { ...inner, rest: { kind: 'paren', inner: inner.rest } };
    }
    case 'boolean':
      return { ...UNBOUNDED, rest: condition };
    case 'binary':
      return splitBinary(condition, clock);
    default:
      return planError(`invalid condition expression: ${formatExpr(condition)}`);
  }
}

const UNBOUNDED = { kind: 'split', minNs: undefined, maxNs: undefined } as const;

function splitBinary(condition: BinaryExpr, clock: Clock): SplitCondition | PlanError {
  const { operator, left, right } = condition;
  if (operator === 'AND' || operator === 'OR') return splitBoth(condition, clock);
  if (isTime(left)) return boundOf(operator, right, clock);
  if (isTime(right)) return boundOf(MIRRORED[operator] ?? operator, left, clock);
  const problem = conditionProblem(condition);
  if (problem !== undefined) return planError(problem);
  return { ...UNBOUNDED, rest: condition };
}

function splitBoth({ operator, left, right }: BinaryExpr, clock: Clock): SplitCondition | PlanError {
  const first = splitTime(left, clock);
  if (first.kind === 'error') return first;
  const second = splitTime(right, clock);
  if (second.kind === 'error') return second;
  return {
    kind: 'split',
    minNs: tighter(first.minNs, second.minNs, (one, other) => one > other),
    maxNs: tighter(first.maxNs, second.maxNs, (one, other) => one < other),
    rest: joined(operator, first.rest, second.rest),
  };
}

function joined(operator: BinaryExpr['operator'], left: Expr | undefined, right: Expr | undefined): Expr | undefined {
  if (left === undefined) return right;
  if (right === undefined) return left;
  return { kind: 'binary', operator, left, right };
}

function tighter(one: bigint | undefined, other: bigint | undefined, isTighter: (one: bigint, other: bigint) => boolean): bigint | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return isTighter(one, other) ? one : other;
}

function isTime(expression: Expr): boolean {
  return expression.kind === 'variable' && expression.name.toLowerCase() === 'time';
}

const MIRRORED: Partial<Record<BinaryExpr['operator'], BinaryExpr['operator']>> = { '<': '>', '<=': '>=', '>': '<', '>=': '<=' };

function boundOf(operator: BinaryExpr['operator'], value: Expr, clock: Clock): SplitCondition | PlanError {
  const time = foldTime(value, clock);
  if (typeof time !== 'bigint') return time;
  switch (operator) {
    case '>':
      return { ...UNBOUNDED, minNs: clamped(time + 1n), rest: undefined };
    case '>=':
      return { ...UNBOUNDED, minNs: clamped(time), rest: undefined };
    case '<':
      return { ...UNBOUNDED, maxNs: clamped(time - 1n), rest: undefined };
    case '<=':
      return { ...UNBOUNDED, maxNs: clamped(time), rest: undefined };
    case '=':
      return { ...UNBOUNDED, minNs: clamped(time), maxNs: clamped(time), rest: undefined };
    default:
      return planError(`invalid time comparison operator: ${operator}`);
  }
}

/** One beyond the ends stays beyond them: no point is there. */
function clamped(timeNs: bigint): bigint {
  if (timeNs < MIN_TIME_NS - 1n) return MIN_TIME_NS - 1n;
  return timeNs > MAX_TIME_NS + 1n ? MAX_TIME_NS + 1n : timeNs;
}
