import type { TimestampNs } from '@varve/base';
import { formatTime, MAX_TIME_NS, MIN_TIME_NS, type TimeZone } from '@varve/model';
import type { BinaryExpr, Expr } from '../influxql/ast.ts';
import { combinedLiterals, type ComputedLiteral } from '../influxql/fold-constants.ts';
import { int64Of } from '../influxql/int64.ts';
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
  | ComputedLiteral
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
      return int64Of(constant.value);
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
  if (operator === '+' && left.kind === 'string' && right.kind === 'string') return other('StringLiteral'); // They are joined.
  const first = fold(left, clock);
  if (first.kind === 'error') return first;
  const second = fold(right, clock);
  if (second.kind === 'error') return second;
  return combine(operator, first, second) ?? other('BinaryExpr');
}

/** What 1.x can compute, which depends on the order: `1h * 2` is a duration, and `2 * 1h` none. Undefined: it cannot. */
function combine(operator: BinaryExpr['operator'], left: Constant, right: Constant): Constant | undefined {
  if (left.kind === 'time') return besideTime(operator, left.ns, right);
  if (left.kind === 'other' || right.kind === 'other') return areBooleans(left, right) && '&|^'.includes(operator) ? left : undefined;
  if (right.kind === 'time') return operator === '+' ? besideTime(operator, right.ns, left) : undefined;
  // A whole number beside a duration counts as a time.
  if (left.kind === 'integer' && right.kind === 'duration') return besideTime(operator, left.value, right);
  return combinedLiterals(operator, left, right);
}

function areBooleans(left: Constant, right: Constant): boolean {
  return [left, right].every((each) => each.kind === 'other' && each.goType === other('BooleanLiteral').goType);
}

function besideTime(operator: string, ns: bigint, right: Constant): Constant | undefined {
  if (right.kind === 'time') return operator === '-' ? { kind: 'duration', ns: ns - right.ns } : undefined;
  const byNs = right.kind === 'duration' ? right.ns : right.kind === 'integer' ? right.value : undefined;
  if (byNs === undefined) return undefined;
  if (operator === '+') return { kind: 'time', ns: ns + byNs };
  return operator === '-' ? { kind: 'time', ns: ns - byNs } : undefined;
}

function other(name: string): Constant & { readonly kind: 'other' } {
  return { kind: 'other', goType: `*influxql.${name}` };
}
