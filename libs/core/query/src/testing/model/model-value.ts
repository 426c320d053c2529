import type { FieldType } from '@varve/model';
import type { Expr, Operator } from '../../influxql/ast.ts';

/** A value of the model: a bigint is an integer, a number a float, null what is not there. */
export type Value = bigint | number | string | boolean | null;

/** What a name or a call is worth where an expression is evaluated; undefined: it is not known here. */
export type Lookup = (expression: Expr) => Value | undefined;

/** The value of an expression of one row. */
export function evaluate(expression: Expr, lookup: Lookup): Value {
  const known = lookup(expression);
  if (known !== undefined) return known;
  switch (expression.kind) {
    case 'paren':
      return evaluate(expression.inner, lookup);
    case 'number':
    case 'integer':
    case 'unsigned':
    case 'string':
    case 'boolean':
      return expression.value;
    case 'duration':
      return expression.ns;
    case 'call':
      return mathOf(expression.name, expression.args.map((each) => evaluate(each, lookup)));
    case 'binary': {
      const left = evaluate(expression.left, lookup);
      if (expression.right.kind === 'regex') return matches(expression.operator, left, expression.right.pattern);
      return operate(expression.operator, left, evaluate(expression.right, lookup));
    }
    default:
      throw new Error(`the model cannot evaluate ${expression.kind}`);
  }
}

function matches(operator: Operator, value: Value, pattern: string): Value {
  if (typeof value !== 'string') return false;
  return new RegExp(pattern, 'u').test(value) === (operator === '=~');
}

function operate(operator: Operator, left: Value, right: Value): Value {
  if (operator === 'AND') return left === true && right === true;
  if (operator === 'OR') return left === true || right === true;
  if (left === null || right === null) return COMPARISONS.has(operator) ? false : null;
  if (isNumber(left) && isNumber(right)) {
    if (typeof left === 'bigint' && typeof right === 'bigint') return ofIntegers(operator, left, right);
    return ofFloats(operator, Number(left), Number(right));
  }
  if (typeof left === 'boolean' && typeof right === 'boolean') return ofBooleans(operator, left, right);
  if (typeof left === 'string' && typeof right === 'string') return compared(operator, left === right, false);
  return null;
}

/** Nothing is less than, equal to or different from what is not there. */
const COMPARISONS: ReadonlySet<Operator> = new Set(['=', '!=', '<', '<=', '>', '>=']);

/** True of integers and floats. */
export function isNumber(value: Value): value is bigint | number {
  return typeof value === 'bigint' || typeof value === 'number';
}

function ofIntegers(operator: Operator, left: bigint, right: bigint): Value {
  switch (operator) {
    case '+':
      return BigInt.asIntN(64, left + right);
    case '-':
      return BigInt.asIntN(64, left - right);
    case '*':
      return BigInt.asIntN(64, left * right);
    case '/':
      return right === 0n ? 0 : Number(left) / Number(right);
    case '%':
      return right === 0n ? 0n : left % right;
    case '&':
      return left & right;
    case '|':
      return left | right;
    case '^':
      return left ^ right;
    default:
      return compared(operator, left === right, left < right);
  }
}

function ofFloats(operator: Operator, left: number, right: number): Value {
  switch (operator) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    case '/':
      return right === 0 ? 0 : left / right;
    case '%':
      return left % right;
    default:
      return compared(operator, left === right, left < right);
  }
}

function ofBooleans(operator: Operator, left: boolean, right: boolean): Value {
  switch (operator) {
    case '&':
      return left && right;
    case '|':
      return left || right;
    case '^':
      return left !== right;
    default:
      return operator === '=' || operator === '!=' ? compared(operator, left === right, false) : null;
  }
}

function compared(operator: Operator, isEqual: boolean, isLess: boolean): Value {
  switch (operator) {
    case '=':
      return isEqual;
    case '!=':
      return !isEqual;
    case '<':
      return isLess;
    case '<=':
      return isLess || isEqual;
    case '>':
      return !isLess && !isEqual;
    case '>=':
      return !isLess;
    default:
      return null;
  }
}

function mathOf(name: string, args: readonly Value[]): Value {
  const [first = null, second = null] = args;
  if (!isNumber(first)) return null;
  if (typeof first === 'bigint') {
    if (name === 'abs') return BigInt.asIntN(64, first < 0n ? -first : first);
    if (name === 'floor' || name === 'ceil' || name === 'round') return first;
  }
  const number = Number(first);
  switch (name) {
    case 'abs':
      return Math.abs(number);
    case 'floor':
      return Math.floor(number);
    case 'ceil':
      return Math.ceil(number);
    case 'round':
      return Math.sign(number) * Math.round(Math.abs(number));
    case 'sqrt':
      return Math.sqrt(number);
    case 'pow':
      return isNumber(second) ? number ** Number(second) : null;
    default:
      throw new Error(`the model does not know ${name}()`);
  }
}

/** A value as one of a type that stands for fields of several types; null where it cannot be one. */
export function castTo(type: FieldType, value: Value): Value {
  switch (type) {
    case 'float':
      return isNumber(value) ? Number(value) : null;
    case 'integer':
      return typeof value === 'bigint' ? value : null;
    case 'string':
      return typeof value === 'string' ? value : null;
    case 'boolean':
      return typeof value === 'boolean' ? value : null;
  }
}

/** Orders two values of one type: false before true, numbers by size, texts by their bytes. */
export function compareValues(left: Value, right: Value): number {
  if (typeof left === 'string' && typeof right === 'string') return Buffer.compare(Buffer.from(left), Buffer.from(right));
  return left! < right! ? -1 : left! > right! ? 1 : 0;
}
