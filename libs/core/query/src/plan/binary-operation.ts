import type { Cell } from '@varve/model';
import { exactNumber } from '../functions/vector.ts';
import type { ValueType } from './value-type.ts';

/** Operators between two values. `=~` and `!~` take a pattern and are the expression's own business. */
export type BinaryOperator =
  | 'AND' | 'OR'
  | '=' | '!=' | '<' | '<=' | '>' | '>='
  | '=~' | '!~'
  | '+' | '-' | '*' | '/' | '%'
  | '&' | '|' | '^';

interface BinaryOperation {
  readonly type: ValueType;
  readonly apply: (left: Cell, right: Cell) => Cell;
}

/** 3 / 2 of integers is exact in SELECT and cut in WHERE; null beside a boolean counts as false in SELECT alone. */
export type Clause = 'SELECT' | 'WHERE';

interface OperandFacts {
  /** Both sides are integers: the result is one too, exact and wrapping around at 64 bits. */
  readonly areIntegers: boolean;
  readonly clause: Clause;
}

/**
 * What InfluxDB 1.x does with two cells: arithmetic with anything but numbers gives null, comparisons of different kinds
 * and with null are false, so is a boolean combined with anything else; division by zero gives 0.
 */
export function binaryOperation(operator: Exclude<BinaryOperator, '=~' | '!~'>, facts: OperandFacts): BinaryOperation {
  switch (operator) {
    case 'AND':
    case 'OR':
      return { type: 'boolean', apply: logical(facts, operator === 'AND' ? (left, right) => left && right : (left, right) => left || right) };
    case '=':
    case '!=':
    case '<':
    case '<=':
    case '>':
    case '>=':
      return { type: 'boolean', apply: comparison(operator) };
    case '&':
    case '|':
    case '^':
      return { type: facts.areIntegers ? 'integer' : 'boolean', apply: bitwise(operator, facts) };
    case '+':
    case '-':
    case '*':
    case '/':
    case '%':
      return arithmetic(operator, facts);
  }
}

function logical({ clause }: OperandFacts, combine: (left: boolean, right: boolean) => boolean): BinaryOperation['apply'] {
  const onBooleans: BinaryOperation['apply'] = (left, right) => (typeof left === 'boolean' ? typeof right === 'boolean' && combine(left, right) : null);
  if (clause === 'WHERE') return onBooleans;
  return (left, right) => onBooleans(left ?? (typeof right === 'boolean' ? false : null), right ?? false);
}

type Comparison = '=' | '!=' | '<' | '<=' | '>' | '>=';

function comparison(operator: Comparison): BinaryOperation['apply'] {
  return (left, right) => {
    if (left === null || right === null) return false;
    if (isNumeric(left) && isNumeric(right)) return holds(operator, left, right);
    if (typeof left !== typeof right) return false;
    // Texts and booleans know equality only.
    if (operator === '=') return left === right;
    return operator === '!=' && left !== right;
  };
}

/** NaN is unequal to everything, and neither less nor greater. */
function holds(operator: Comparison, left: number | bigint, right: number | bigint): boolean {
  switch (operator) {
    case '=':
      return left <= right && left >= right;
    case '!=':
      return !(left <= right && left >= right);
    case '<':
      return left < right;
    case '<=':
      return left <= right;
    case '>':
      return left > right;
    case '>=':
      return left >= right;
  }
}

function bitwise(operator: '&' | '|' | '^', facts: OperandFacts): BinaryOperation['apply'] {
  const onBooleans = logical(facts, BITWISE[operator].onBooleans);
  if (!facts.areIntegers) return onBooleans;
  return (left, right) => (isNumeric(left) && isNumeric(right) ? int64(BITWISE[operator].onIntegers(BigInt(left), BigInt(right))) : null);
}

const BITWISE = {
  '&': { onBooleans: (left: boolean, right: boolean) => left && right, onIntegers: (left: bigint, right: bigint) => left & right },
  '|': { onBooleans: (left: boolean, right: boolean) => left || right, onIntegers: (left: bigint, right: bigint) => left | right },
  '^': { onBooleans: (left: boolean, right: boolean) => left !== right, onIntegers: (left: bigint, right: bigint) => left ^ right },
} as const;

type Arithmetic = '+' | '-' | '*' | '/' | '%';

function arithmetic(operator: Arithmetic, { areIntegers, clause }: OperandFacts): BinaryOperation {
  if (areIntegers && !(operator === '/' && clause === 'SELECT')) {
    return { type: 'integer', apply: integerArithmetic(operator) };
  }
  const onFloats = FLOAT_ARITHMETIC[operator];
  return {
    type: 'float',
    apply: (left, right) => (isNumeric(left) && isNumeric(right) ? onFloats(Number(left), Number(right)) : null),
  };
}

const FLOAT_ARITHMETIC: Record<Arithmetic, (left: number, right: number) => number> = {
  '+': (left, right) => left + right,
  '-': (left, right) => left - right,
  '*': (left, right) => left * right,
  '/': (left, right) => (right === 0 ? 0 : left / right),
  '%': (left, right) => left % right,
};

const INTEGER_ARITHMETIC: Record<Arithmetic, (left: bigint, right: bigint) => bigint> = {
  '+': (left, right) => left + right,
  '-': (left, right) => left - right,
  '*': (left, right) => left * right,
  '/': (left, right) => (right === 0n ? 0n : left / right),
  '%': (left, right) => (right === 0n ? 0n : left % right),
};

/** In float64 where operands and result fit; else over bigint. */
function integerArithmetic(operator: Arithmetic): BinaryOperation['apply'] {
  const onBigints = INTEGER_ARITHMETIC[operator];
  const onFloats = operator === '/' || operator === '%' ? undefined : FLOAT_ARITHMETIC[operator];
  return (left, right) => {
    if (!isNumeric(left) || !isNumeric(right)) return null;
    if (onFloats !== undefined && typeof left === 'number' && typeof right === 'number') {
      const result = onFloats(left, right);
      if (Number.isSafeInteger(result)) return result;
    }
    return int64(onBigints(BigInt(left), BigInt(right)));
  };
}

function int64(value: bigint): number | bigint {
  return exactNumber(BigInt.asIntN(64, value));
}

/** Whether a cell is a number of either form. */
export function isNumeric(cell: Cell): cell is number | bigint {
  return typeof cell === 'number' || typeof cell === 'bigint';
}
