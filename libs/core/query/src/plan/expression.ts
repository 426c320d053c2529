import type { Cell } from '@varve/model';
import { textMatcher } from '../influxql/text-matcher.ts';
import { MATH_FUNCTIONS } from '../influxql/math-functions.ts';
import { sketchCount } from '../sketch/sketch-text.ts';
import { alternativesIn, comparable, isTruth, type Alternatives } from './alternatives.ts';
import { binaryOperation, isNumeric, type BinaryOperator, type Clause } from './binary-operation.ts';
import type { ValueType } from './value-type.ts';

/**
 * An expression over the cells of a row: a filter on a data node, a column of the answer on the coordinator. Plain data,
 * so that it can travel; inputs are numbered by whoever evaluates it.
 */
export type Expression =
  | { readonly kind: 'literal'; readonly value: Cell; readonly type: ValueType }
  | { readonly kind: 'regex'; readonly pattern: string }
  | { readonly kind: 'input'; readonly index: number; readonly type: ValueType }
  | { readonly kind: 'binary'; readonly operator: BinaryOperator; readonly left: Expression; readonly right: Expression }
  /** count_hll() of a text; in select lists only. */
  | { readonly kind: 'sketchCount'; readonly argument: Expression }
  | { readonly kind: 'math'; readonly name: string; readonly args: readonly Expression[] };

/** Reads one cell of a row. */
export type RowReader = (rowIndex: number) => Cell;

/**
 * Compiles an expression to a function of the row, as the clause has it that it stands in. What is no number, such as sqrt(-1), is NaN.
 */
export function compileExpression(expression: Expression, options: CompileOptions): RowReader {
  return compiled(expression, options).read;
}

/** The type of the values that the expression has. */
export function typeOfExpression(expression: Expression, options: CompileOptions): ValueType {
  return compiled(expression, options).type;
}

/** The type of a column of the answer; 'unknown' where it can have no value. */
export function typeOfProjection(projection: Expression): ValueType {
  return typeOfExpression(projection, { input: () => () => null, clause: 'SELECT' });
}

/**
 * The type that a column of a subquery has for the statement around it; 'unknown' where it can have no value. As InfluxDB has it, a
 * quotient of integers is one, though it is exact in an answer.
 */
export function typeOfColumn(projection: Expression): ValueType {
  if (projection.kind !== 'binary') return compiled(projection, { input: () => () => null, clause: 'SELECT' }).type;
  const [left, right] = [typeOfColumn(projection.left), typeOfColumn(projection.right)];
  if (projection.operator === '=~' || projection.operator === '!~') return 'boolean';
  return binaryOperation(projection.operator, { areIntegers: left === 'integer' && right === 'integer', clause: 'WHERE' }).type;
}

interface CompileOptions {
  input(index: number): RowReader;
  readonly clause: Clause;
}

interface Compiled {
  readonly type: ValueType;
  readonly read: RowReader;
}

function compiled(expression: Expression, options: CompileOptions): Compiled {
  switch (expression.kind) {
    case 'literal':
      return { type: expression.type, read: () => expression.value };
    case 'input':
      return { type: expression.type, read: options.input(expression.index) };
    case 'regex':
      // Alone it has no value; '=~' and '!~' look at the pattern itself.
      return { type: 'unknown', read: () => null };
    case 'binary':
      return compiledBinary(expression, options);
    case 'math':
      return compiledMath(expression, options);
    case 'sketchCount':
      return compiledSketchCount(compiled(expression.argument, options));
  }
}

function compiledBinary(expression: Expression & { kind: 'binary' }, options: CompileOptions): Compiled {
  const { operator } = expression;
  const alternatives = operator === 'OR' ? alternativesIn(expression) : undefined;
  if (alternatives !== undefined) return compiledAlternatives(alternatives, options);
  const left = compiled(expression.left, options);
  if (operator === '=~' || operator === '!~') {
    return { type: 'boolean', read: matchReader(left.read, expression.right, operator === '=~') };
  }
  const right = compiled(expression.right, options);
  const areIntegers = left.type === 'integer' && right.type === 'integer';
  const { type, apply } = binaryOperation(operator, { areIntegers, clause: options.clause });
  return { type, read: shortened(operator, isTruth(expression.right), { left: left.read, right: right.read, apply }) };
}

interface Sides {
  readonly left: RowReader;
  readonly right: RowReader;
  readonly apply: (left: Cell, right: Cell) => Cell;
}

/** The right side is not looked at where the left one decides, whatever it is: of OR, true decides only if the right side is true or false. */
function shortened(operator: BinaryOperator, isRightTruth: boolean, { left, right, apply }: Sides): RowReader {
  const decides = operator === 'AND' ? false : operator === 'OR' && isRightTruth ? true : undefined;
  if (decides === undefined) return (row) => apply(left(row), right(row));
  return (row) => {
    const first = left(row);
    return first === decides ? decides : apply(first, right(row));
  };
}

/** One look for each input, however many values it may have, and at what must hold beside the one that it has. */
function compiledAlternatives({ values, conditions, others }: Alternatives, options: CompileOptions): Compiled {
  const tests = [...values].map(([index, among]): RowReader => {
    const read = options.input(index);
    return (row) => {
      const cell = comparable(read(row));
      return cell !== undefined && among.has(cell);
    };
  });
  for (const [index, byValue] of conditions) {
    const read = options.input(index);
    const besides = new Map([...byValue].map(([value, condition]) => [value, compiled(condition, options).read]));
    tests.push((row) => {
      const cell = comparable(read(row));
      return cell === undefined ? false : (besides.get(cell)?.(row) ?? false);
    });
  }
  for (const each of others) tests.push(compiled(each, options).read);
  return { type: 'boolean', read: (row) => tests.some((test) => test(row) === true) };
}

/** Of anything but numbers a function is null. */
function compiledMath({ name, args }: Expression & { kind: 'math' }, options: CompileOptions): Compiled {
  const { apply, onInteger } = MATH_FUNCTIONS.get(name)!;
  const [first, second] = args.map((each) => compiled(each, options));
  const { type, read } = first!;
  if (onInteger !== undefined && type === 'integer') return { type, read: (row) => mapNumber(read(row), onInteger) };
  if (second === undefined) return { type: 'float', read: (row) => mapNumber(read(row), (value) => apply(Number(value), 0)) };
  return {
    type: 'float',
    read: (row) => mapNumber(read(row), (value) => mapNumber(second.read(row), (other) => apply(Number(value), Number(other)))),
  };
}

function compiledSketchCount({ read }: Compiled): Compiled {
  return {
    type: 'integer',
    read: (row) => {
      const text = read(row);
      return typeof text === 'string' ? sketchCount(text) : null;
    },
  };
}

function mapNumber(cell: Cell, apply: (value: number | bigint) => Cell): Cell {
  return isNumeric(cell) ? apply(cell) : null;
}

function matchReader(left: RowReader, pattern: Expression, isWanted: boolean): RowReader {
  if (pattern.kind !== 'regex') return () => false;
  const matches = textMatcher(pattern.pattern);
  return (row) => {
    const text = left(row);
    return typeof text === 'string' && matches(text) === isWanted;
  };
}
