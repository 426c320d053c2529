import type { FieldType } from '@varve/model';
import type { Call, Expr, SelectStatement } from '../../influxql/ast.ts';
import type { ModelColumn, ModelSchema } from './model-columns.ts';
import type { TimeBounds } from './model-condition.ts';
import type { ModelRow } from './model-data.ts';
import { castTo, type Value } from './model-value.ts';

/** A statement with everything that is known of it. */
export interface Question {
  readonly statement: SelectStatement;
  readonly columns: readonly ModelColumn[];
  /** Each once, and the place of each call of the columns among them. */
  readonly calls: readonly Call[];
  readonly indexes: ReadonlyMap<Expr, number>;
  readonly schema: ModelSchema;
  readonly bounds: TimeBounds;
  readonly window: Window | undefined;
  readonly isOverSubquery: boolean;
  /** How much further back (under DESC: ahead) points are read than the bounds say, for transformations of windows. */
  readonly leadNs: bigint;
}

export interface Window {
  readonly everyNs: bigint;
  readonly offsetNs: bigint;
}

/** The rows of one series of the answer, by time, then by series key. */
export interface Group {
  readonly name: string;
  readonly tags: ReadonlyMap<string, string>;
  /** Within the bounds. */
  readonly rows: readonly ModelRow[];
  /** Those of the lead, too. */
  readonly leadRows: readonly ModelRow[];
}

/** Functions of one value. */
export const MATH: ReadonlySet<string> = new Set(['abs', 'floor', 'ceil', 'round', 'sqrt', 'pow']);

/** When the window of a time starts. */
export function startOf(time: bigint, { everyNs, offsetNs }: Window): bigint {
  const rest = (time - offsetNs) % everyNs;
  return time - (rest < 0n ? rest + everyNs : rest);
}

/** The calls in expressions, without what is in them. */
export function callsIn(expressions: readonly Expr[]): Call[] {
  return expressions.flatMap((expression): Call[] => {
    switch (expression.kind) {
      case 'paren':
        return callsIn([expression.inner]);
      case 'binary':
        return callsIn([expression.left, expression.right]);
      case 'call':
        return MATH.has(expression.name) ? callsIn(expression.args) : [expression];
      default:
        return [];
    }
  });
}

/** The names in expressions. */
export function variablesIn(expressions: readonly Expr[]): string[] {
  return expressions.flatMap((expression): string[] => {
    switch (expression.kind) {
      case 'variable':
        return [expression.name];
      case 'paren':
        return variablesIn([expression.inner]);
      case 'binary':
        return variablesIn([expression.left, expression.right]);
      case 'call':
        return variablesIn(expression.args);
      default:
        return [];
    }
  });
}

/** What a name is worth in a row: as the type that it has over all sources. */
export function rowValue(row: ModelRow, { fieldTypes }: ModelSchema, name: string): Value {
  const type = fieldTypes.get(name);
  return type === undefined ? (row.tags.get(name) ?? null) : castTo(type, row.fields.get(name) ?? null);
}

/** The type of a call's values. */
export function typeOfCall(call: Call, schema: ModelSchema): FieldType {
  if (call.name === 'count' || call.name === 'elapsed') return 'integer';
  if (FLOAT_RESULTS.has(call.name)) return 'float';
  const [argument] = call.args;
  if (argument?.kind === 'call') return typeOfCall(argument, schema);
  return schema.fieldTypes.get((argument as { readonly name: string }).name) ?? 'float';
}

const FLOAT_RESULTS: ReadonlySet<string> = new Set(['mean', 'median', 'stddev', 'integral', 'derivative', 'non_negative_derivative', 'moving_average']);

/** The type of a column; a tag is a text. */
export function typeOfExpression(expression: Expr, schema: ModelSchema): FieldType {
  switch (expression.kind) {
    case 'variable':
      return schema.fieldTypes.get(expression.name) ?? 'string';
    case 'call':
      if (!MATH.has(expression.name)) return typeOfCall(expression, schema);
      return expression.name === 'sqrt' || expression.name === 'pow' ? 'float' : typeOfExpression(expression.args[0]!, schema);
    case 'paren':
      return typeOfExpression(expression.inner, schema);
    case 'binary': {
      const [left, right] = [typeOfExpression(expression.left, schema), typeOfExpression(expression.right, schema)];
      return left === 'integer' && right === 'integer' && expression.operator === '/' ? 'float' : left === 'float' ? left : right;
    }
    case 'integer':
      return 'integer';
    default:
      return 'float';
  }
}
