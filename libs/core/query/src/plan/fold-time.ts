import type { TimestampNs } from '@varve/base';
import { formatTime, MAX_TIME_NS, MIN_TIME_NS, type TimeZone } from '@varve/model';
import type { BinaryExpr, Expr } from '../influxql/ast.ts';
import { planError, type PlanError } from './schema-view.ts';
import { looksLikeTime, parseTimeText } from './time-text.ts';

/** What times in a text depend on. */
export interface Clock {
  /** `now()`. */
  readonly nowNs: TimestampNs;
  /** Whose time it is where a text names no zone; undefined: UTC. */
  readonly timeZone: TimeZone | undefined;
}

/** A constant on the other side of a comparison with time. */
type Constant =
  | { readonly kind: 'time'; readonly ns: bigint }
  | { readonly kind: 'duration'; readonly ns: bigint }
  | { readonly kind: 'integer'; readonly value: bigint }
  | { readonly kind: 'number'; readonly value: number }
  /** Something else; the name is the one that InfluxDB's error shows. */
  | { readonly kind: 'other'; readonly goType: string };

/** The time that a constant expression of times, durations, numbers and now() stands for, in nanoseconds. */
export function foldTime(expression: Expr, clock: Clock): TimestampNs | PlanError {
  const constant = fold(expression, clock);
  switch (constant.kind) {
    case 'error':
      return constant;
    case 'time':
      if (constant.ns > MAX_TIME_NS) return planError(`time ${formatTime(constant.ns)} overflows time literal`);
      if (constant.ns <= MIN_TIME_NS) return planError(`time ${formatTime(constant.ns)} underflows time literal`);
      return constant.ns;
    case 'duration':
      return constant.ns;
    case 'integer':
      return constant.value;
    case 'number':
      return BigInt(Math.trunc(constant.value));
    case 'other':
      return planError(`invalid operation: time and ${constant.goType} are not compatible`);
  }
}

function fold(expression: Expr, clock: Clock): Constant | PlanError {
  switch (expression.kind) {
    case 'duration':
      return { kind: 'duration', ns: expression.ns };
    case 'integer':
      return { kind: 'integer', value: expression.value };
    case 'number':
      return { kind: 'number', value: expression.value };
    case 'string':
      return foldText(expression.value, clock);
    case 'paren':
      return fold(expression.inner, clock);
    case 'call':
      return expression.name.toLowerCase() === 'now' && expression.args.length === 0 ? { kind: 'time', ns: clock.nowNs } : other('Call');
    case 'binary':
      return foldBinary(expression, clock);
    case 'variable':
      return other('VarRef');
    case 'distinct':
      return other('Distinct');
    case 'wildcard':
      return other('Wildcard');
    case 'regex':
      return other('RegexLiteral');
    case 'boolean':
      return other('BooleanLiteral');
    case 'unsigned':
      return other('UnsignedLiteral');
  }
}

function foldText(text: string, { timeZone }: Clock): Constant | PlanError {
  if (!looksLikeTime(text)) return other('StringLiteral');
  const ns = parseTimeText(text, timeZone);
  return ns === undefined ? planError('invalid timestamp string') : { kind: 'time', ns };
}

function foldBinary({ operator, left, right }: BinaryExpr, clock: Clock): Constant | PlanError {
  const first = fold(left, clock);
  if (first.kind === 'error') return first;
  const second = fold(right, clock);
  if (second.kind === 'error') return second;
  return combine(operator, first, second) ?? other('BinaryExpr');
}

function combine(operator: string, left: Constant, right: Constant): Constant | undefined {
  const [leftNs, rightNs] = [nanoseconds(left), nanoseconds(right)];
  if (operator === '+' || operator === '-') {
    if (leftNs === undefined || rightNs === undefined) return undefined;
    const ns = operator === '+' ? leftNs + rightNs : leftNs - rightNs;
    const timeCount = Number(left.kind === 'time') + Number(right.kind === 'time');
    if (timeCount === 1) return { kind: 'time', ns };
    if (left.kind === 'integer' && right.kind === 'integer') return { kind: 'integer', value: ns };
    return { kind: 'duration', ns };
  }
  if (left.kind === 'duration' && right.kind === 'integer') return scaled(operator, left.ns, right.value);
  if (left.kind === 'integer' && right.kind === 'duration' && operator === '*') return { kind: 'duration', ns: left.value * right.ns };
  if (left.kind === 'integer' && right.kind === 'integer') return scaledInteger(operator, left.value, right.value);
  return undefined;
}

function scaled(operator: string, ns: bigint, by: bigint): Constant | undefined {
  if (operator === '*') return { kind: 'duration', ns: ns * by };
  if (operator === '/') return { kind: 'duration', ns: by === 0n ? 0n : ns / by };
  return undefined;
}

function scaledInteger(operator: string, value: bigint, by: bigint): Constant | undefined {
  if (operator === '*') return { kind: 'integer', value: value * by };
  if (operator === '/') return { kind: 'integer', value: by === 0n ? 0n : value / by };
  if (operator === '%') return { kind: 'integer', value: by === 0n ? 0n : value % by };
  return undefined;
}

function nanoseconds(constant: Constant): bigint | undefined {
  switch (constant.kind) {
    case 'time':
    case 'duration':
      return constant.ns;
    case 'integer':
      return constant.value;
    case 'number':
    case 'other':
      return undefined;
  }
}

function other(name: string): Constant {
  return { kind: 'other', goType: `*influxql.${name}` };
}
