import type { Expr, Literal, Operator } from './ast.ts';
import { int64Of } from './int64.ts';
import { MATH_FUNCTIONS } from './math-functions.ts';

/**
 * Computes what is constant in an expression, as InfluxDB does before it looks at one: `percentile(x, 50 + 25)` is
 * `percentile(x, 75)`, `(x)` is `x`. Times (`now()`, dates) are left alone. What has nothing to compute is given back as it is.
 */
export function foldConstants(expression: Expr): Expr {
  switch (expression.kind) {
    case 'binary': {
      const left = foldConstants(expression.left);
      const right = foldConstants(expression.right);
      const isSame = left === expression.left && right === expression.right;
      return combined(expression.operator, left, right) ?? (isSame ? expression : { kind: 'binary', operator: expression.operator, left, right });
    }
    case 'paren': {
      const inner = foldConstants(expression.inner);
      if (inner.kind !== 'binary') return inner;
      return inner === expression.inner ? expression : { kind: 'paren', inner };
    }
    case 'call': {
      const args = foldEach(expression.args);
      return mathResult(expression.name, args) ?? (args === expression.args ? expression : { kind: 'call', name: expression.name, args });
    }
    default:
      return expression;
  }
}

/** As {@link foldConstants}, and without parentheses around the whole. */
export function foldWhole(expression: Expr): Expr {
  const folded = foldConstants(expression);
  return folded.kind === 'paren' ? folded.inner : folded;
}

function foldEach(expressions: readonly Expr[]): readonly Expr[] {
  let folded: Expr[] | undefined;
  for (const [index, expression] of expressions.entries()) {
    const each = foldConstants(expression);
    if (each !== expression) (folded ??= [...expressions])[index] = each;
  }
  return folded ?? expressions;
}

function combined(operator: Operator, left: Expr, right: Expr): Literal | undefined {
  if (left.kind === 'string' && right.kind === 'string' && operator === '+') return { kind: 'string', value: left.value + right.value };
  return isComputed(left) && isComputed(right) ? combinedLiterals(operator, left, right) : undefined;
}

/** What is computed with. */
export type ComputedLiteral = Extract<Literal, { readonly kind: 'number' | 'integer' | 'duration' }>;

function isComputed(expression: Expr): expression is ComputedLiteral {
  return expression.kind === 'number' || expression.kind === 'integer' || expression.kind === 'duration';
}

/** undefined: InfluxDB does not compute it. A duration times a number is one times its whole part. */
export function combinedLiterals(operator: Operator, left: ComputedLiteral, right: ComputedLiteral): ComputedLiteral | undefined {
  if (left.kind === 'integer' && right.kind === 'integer') return ofIntegers(operator, left.value, right.value);
  if (left.kind === 'duration' && right.kind === 'duration') return sumOfDurations(operator, left.ns, right.ns);
  const second = numberIn(right);
  if (second === undefined) return undefined;
  if (left.kind === 'duration') return scaledDuration(operator, left.ns, right.kind === 'integer' ? right.value : int64Of(second));
  const first = numberIn(left);
  return first === undefined ? undefined : ofNumbers(operator, first, second);
}

/** Integers stay integers and wrap around, but for division, which is one of floats. */
function ofIntegers(operator: Operator, left: bigint, right: bigint): ComputedLiteral | undefined {
  if (operator === '/') return ofNumbers(operator, Number(left), Number(right));
  const value = INTEGER_OPERATIONS[operator]?.(left, right);
  return value === undefined ? undefined : { kind: 'integer', value: BigInt.asIntN(64, value) };
}

const INTEGER_OPERATIONS: Partial<Record<Operator, (left: bigint, right: bigint) => bigint>> = {
  '+': (left, right) => left + right,
  '-': (left, right) => left - right,
  '*': (left, right) => left * right,
  '%': (left, right) => (right === 0n ? 0n : left % right),
  '&': (left, right) => left & right,
  '|': (left, right) => left | right,
  '^': (left, right) => left ^ right,
};

function ofNumbers(operator: Operator, left: number, right: number): ComputedLiteral | undefined {
  const value = NUMBER_OPERATIONS[operator]?.(left, right);
  return value === undefined ? undefined : { kind: 'number', value };
}

const NUMBER_OPERATIONS: Partial<Record<Operator, (left: number, right: number) => number>> = {
  '+': (left, right) => left + right,
  '-': (left, right) => left - right,
  '*': (left, right) => left * right,
  '/': (left, right) => (right === 0 ? 0 : left / right),
  '%': (left, right) => left % right,
};

function sumOfDurations(operator: Operator, left: bigint, right: bigint): ComputedLiteral | undefined {
  if (operator === '+') return duration(left + right);
  return operator === '-' ? duration(left - right) : undefined;
}

function scaledDuration(operator: Operator, ns: bigint, factor: bigint): ComputedLiteral | undefined {
  if (operator === '*') return duration(ns * factor);
  if (operator === '/') return duration(factor === 0n ? 0n : ns / factor);
  return undefined;
}

function duration(ns: bigint): ComputedLiteral {
  return { kind: 'duration', ns: BigInt.asIntN(64, ns) };
}

function mathResult(name: string, args: readonly Expr[]): Literal | undefined {
  const definition = MATH_FUNCTIONS.get(name);
  if (definition?.argumentCount !== args.length) return undefined;
  const [first, second = 0] = args.map(numberIn);
  if (first === undefined || args.some((each) => numberIn(each) === undefined)) return undefined;
  if (args[0]?.kind === 'integer' && definition.onInteger !== undefined) return { kind: 'integer', value: BigInt(definition.onInteger(args[0].value)) };
  return { kind: 'number', value: definition.apply(first, second) };
}

function numberIn(expression: Expr): number | undefined {
  if (expression.kind === 'number') return expression.value;
  return expression.kind === 'integer' ? Number(expression.value) : undefined;
}
