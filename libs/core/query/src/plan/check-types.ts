import type { FieldType } from '@varve/model';
import { FUNCTIONS } from '../functions/function-table.ts';
import type { BinaryExpr, Expr, SelectField, Variable } from '../influxql/ast.ts';
import { MATH_FUNCTIONS } from '../influxql/math-functions.ts';
import { formatExpr } from '../influxql/print.ts';
import { TRANSFORMATIONS } from '../transforms/transformation-table.ts';
import { distinctArguments, isFunction } from './check-select.ts';
import type { PlanColumns } from './plan-columns.ts';
import { planError, type PlanError } from './schema-view.ts';

/** Of an operand; 'unknown', of a name that nobody has, goes with everything. */
type OperandType = FieldType | 'tag' | 'unsigned' | 'unknown';

/** Refuses arithmetic of types that do not go together, in InfluxDB's words. */
export function checkTypes(fields: readonly SelectField[], columns: PlanColumns): PlanError | undefined {
  for (const { expression } of fields) {
    const type = typeOf(expression, columns);
    if (typeof type !== 'string') return type;
  }
  return undefined;
}

function typeOf(expression: Expr, columns: PlanColumns): OperandType | PlanError {
  const counted = distinctArguments(expression);
  if (counted !== undefined) return typeOf(counted[0]!, columns);
  switch (expression.kind) {
    case 'variable':
      return knownType(expression, columns) ?? 'unknown';
    case 'call':
      return callType(expression.name, expression.args, columns);
    case 'paren':
      return typeOf(expression.inner, columns);
    case 'binary':
      return binaryType(expression, columns);
    case 'number':
      return 'float';
    case 'integer':
    case 'unsigned':
    case 'string':
    case 'boolean':
      return expression.kind;
    default:
      return 'unknown';
  }
}

/** undefined of a name that nobody has: it is no tag, though it counts as one elsewhere. */
function knownType(variable: Variable, columns: PlanColumns): FieldType | 'tag' | undefined {
  if (columns.isKnownTag(variable)) return 'tag';
  const isCast = variable.type !== undefined && variable.type !== 'field';
  if (columns.isTag(variable) && !isCast) return undefined;
  const type = columns.typeOf(variable);
  return type === 'tag' ? undefined : type;
}

function callType(name: string, args: readonly Expr[], columns: PlanColumns): OperandType | PlanError {
  let first: OperandType | undefined;
  for (const arg of args) {
    const each = typeOf(arg, columns);
    if (typeof each !== 'string') return each;
    first ??= each;
  }
  const type = first ?? 'unknown';
  if (name === 'count_hll') return sketchCountType(type);
  const definition = isFunction(name) ? FUNCTIONS[name] : TRANSFORMATIONS.get(name);
  if (definition === undefined) return type === 'unknown' && MATH_FUNCTIONS.get(name)?.onInteger === undefined ? 'float' : type;
  // A result has a type of its own, or that of the argument, whatever it is.
  return definition.resultType(type as FieldType);
}

function sketchCountType(type: OperandType): OperandType | PlanError {
  if (type === 'unknown') return type;
  return type === 'string' ? 'integer' : planError(`unsupported count_hll iterator type: *query.${type}InterruptIterator`);
}

function binaryType(expression: BinaryExpr, columns: PlanColumns): OperandType | PlanError {
  const left = typeOf(expression.left, columns);
  if (typeof left !== 'string') return left;
  const right = typeOf(expression.right, columns);
  if (typeof right !== 'string') return right;
  if (isIntegerWithUnsigned(left, right)) return planError(`type error: ${formatExpr(withTypes(expression, columns))}: cannot use ${expression.operator} with an integer and unsigned literal`);
  if (left === 'unknown') return right;
  if (right === 'unknown') return left;
  const isBitwise = expression.operator === '&' || expression.operator === '|' || expression.operator === '^';
  const type = isBitwise ? bitwiseType(left, right) : arithmeticType(left, right);
  if (type !== undefined) return type;
  return planError(`type error: ${formatExpr(withTypes(expression, columns))}: incompatible types: ${left} and ${right}`);
}

function arithmeticType(left: OperandType, right: OperandType): OperandType | undefined {
  if (!isNumeric(left) || !isNumeric(right)) return undefined;
  return left === 'integer' && right === 'integer' ? 'integer' : 'float';
}

/** An integer beyond int64 goes with floats alone: no field is unsigned. */
function isIntegerWithUnsigned(left: OperandType, right: OperandType): boolean {
  return (left === 'integer' && right === 'unsigned') || (left === 'unsigned' && right === 'integer');
}

function bitwiseType(left: OperandType, right: OperandType): OperandType | undefined {
  if (left === 'boolean') return 'boolean'; // Whatever the right side is: so it is in InfluxDB.
  return left === 'integer' && right === 'integer' ? 'integer' : undefined;
}

function isNumeric(type: OperandType): boolean {
  return type === 'float' || type === 'integer' || type === 'unsigned';
}

/** The expression with the type of every name that has one, as InfluxDB shows it. */
function withTypes(expression: Expr, columns: PlanColumns): Expr {
  switch (expression.kind) {
    case 'variable':
      return { ...expression, type: knownType(expression, columns) ?? expression.type };
    case 'call':
      return { ...expression, args: expression.args.map((arg) => withTypes(arg, columns)) };
    case 'paren':
      return { ...expression, inner: withTypes(expression.inner, columns) };
    case 'binary':
      return { ...expression, left: withTypes(expression.left, columns), right: withTypes(expression.right, columns) };
    default:
      return expression;
  }
}
