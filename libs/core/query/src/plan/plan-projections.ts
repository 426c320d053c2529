import type { FieldType } from '@varve/model';
import { FUNCTIONS, type FunctionName } from '../functions/function-table.ts';
import type { Expr, SelectField, Variable } from '../influxql/ast.ts';
import { childrenOf } from '../influxql/expression-tree.ts';
import { distinctArguments, isRowFunction } from './check-select.ts';
import type { Expression } from './expression.ts';
import { literalExpression } from './literal-expression.ts';
import type { PlanColumns } from './plan-columns.ts';
import { planError, type PlanError } from './schema-view.ts';
import type { PlanCall } from './shard-plan.ts';

/** The select list as expressions over inputs: the plan's columns; or the calls, then the neighbours of a selector. */
export interface Projections {
  readonly kind: 'projections';
  readonly expressions: readonly Expression[];
  readonly calls: readonly (PlanCall & { readonly type: FieldType })[];
  /** Indexes of columns. */
  readonly neighbours: readonly number[];
}

/** Numbers the inputs of a checked select list whose wildcards are expanded. What is random in it depends on the seed. */
export function planProjections(fields: readonly SelectField[], columns: PlanColumns, seed: number): Projections | PlanError {
  const planner = new ProjectionPlanner(columns, seed);
  const calls = planner.collectCalls(fields.map(({ expression }) => expression));
  if (calls !== undefined) return calls;
  return {
    kind: 'projections',
    expressions: fields.map(({ expression }) => planner.expressionOf(expression)),
    calls: planner.calls,
    neighbours: planner.neighbours,
  };
}

class ProjectionPlanner {
  readonly calls: (PlanCall & { readonly type: FieldType })[] = [];
  readonly neighbours: number[] = [];
  readonly #columns: PlanColumns;
  readonly #seed: number;

  constructor(columns: PlanColumns, seed: number) {
    this.#columns = columns;
    this.#seed = seed;
  }

  /** Numbers all calls before the first neighbour is numbered behind them. */
  collectCalls(expressions: readonly Expr[]): PlanError | undefined {
    for (const expression of expressions) {
      const error = this.#collect(expression);
      if (error !== undefined) return error;
    }
    return undefined;
  }

  expressionOf(expression: Expr): Expression {
    const call = callIn(expression);
    if (call !== undefined) return this.#callExpression(call);
    switch (expression.kind) {
      case 'paren':
        return this.expressionOf(expression.inner);
      case 'variable':
        return this.#columnExpression(expression);
      case 'binary':
        return { kind: 'binary', operator: expression.operator, left: this.expressionOf(expression.left), right: this.expressionOf(expression.right) };
      case 'call':
        if (expression.name === 'count_hll') return { kind: 'sketchCount', argument: this.expressionOf(expression.args[0]!) };
        return { kind: 'math', name: expression.name, args: expression.args.map((arg) => this.expressionOf(arg)) };
      default:
        return literalExpression(expression);
    }
  }

  #collect(expression: Expr): PlanError | undefined {
    const call = callIn(expression);
    if (call !== undefined) return this.#addCall(call);
    return this.collectCalls(childrenOf(expression));
  }

  #addCall(call: CallOfField): PlanError | undefined {
    const type = this.#columns.typeOf(call.field);
    if (type === undefined || type === 'tag' || this.#callIndex(call) >= 0) return undefined;
    const definition = FUNCTIONS[call.function];
    if (!definition.argumentTypes.includes(type)) {
      return planError(`unsupported ${call.function} iterator type: *query.${type}InterruptIterator`);
    }
    const { function: name, parameter, tags } = call;
    const seed = name === 'sample' ? { seed: this.#seed } : {};
    this.calls.push({ function: name, column: this.#columns.indexOf(call.field), parameter, ...(tags === undefined ? {} : { tags }), ...seed, type });
    return undefined;
  }

  #callIndex(call: CallOfField): number {
    const column = this.#columns.indexOf(call.field);
    return this.calls.findIndex((each) => each.function === call.function && each.column === column && each.parameter === call.parameter);
  }

  /** A function of a field that nobody has is null. */
  #callExpression(call: CallOfField): Expression {
    const type = this.#columns.typeOf(call.field);
    if (type === undefined || type === 'tag') return { kind: 'literal', value: null, type: 'unknown' };
    return { kind: 'input', index: this.#callIndex(call), type: FUNCTIONS[call.function].resultType(type) };
  }

  #columnExpression(variable: Variable): Expression {
    const column = this.#columns.indexOf(variable);
    const type = this.#columns.all[column]!.type;
    if (this.calls.length === 0) return { kind: 'input', index: column, type };
    let index = this.neighbours.indexOf(column);
    if (index < 0) index = this.neighbours.push(column) - 1;
    return { kind: 'input', index: this.calls.length + index, type };
  }
}

interface CallOfField {
  readonly function: FunctionName;
  readonly field: Variable;
  readonly parameter: number | undefined;
  readonly tags?: readonly string[];
}

/** The call over fields that an expression is, functions of one row apart; its shape was checked before. */
function callIn(expression: Expr): CallOfField | undefined {
  const distinct = distinctArguments(expression);
  if (distinct !== undefined) return { function: 'distinct', field: distinct[0] as Variable, parameter: undefined };
  if (expression.kind !== 'call' || isRowFunction(expression.name)) return undefined;
  const [argument, ...others] = expression.args;
  const nested = distinctArguments(argument!);
  if (nested !== undefined) return { function: 'countDistinct', field: nested[0] as Variable, parameter: undefined };
  const tags = others.filter((each) => each.kind === 'variable').map(({ name }) => name);
  return { function: expression.name as FunctionName, field: argument as Variable, parameter: numberIn(others.at(-1)), ...(tags.length === 0 ? {} : { tags }) };
}

function numberIn(expression: Expr | undefined): number | undefined {
  if (expression?.kind === 'number') return expression.value;
  if (expression?.kind === 'duration') return Number(expression.ns);
  return expression?.kind === 'integer' ? Number(expression.value) : undefined;
}
