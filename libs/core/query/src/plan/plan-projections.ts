import type { FieldType } from '@varve/model';
import type { FunctionDefinition } from '../functions/function-definition.ts';
import { FUNCTIONS, type FunctionName } from '../functions/function-table.ts';
import type { Expr, SelectField, Variable } from '../influxql/ast.ts';
import { childrenOf } from '../influxql/expression-tree.ts';
import { TRANSFORMATIONS } from '../transforms/transformation-table.ts';
import { chainIn, type ChainOfField } from './chain-in.ts';
import type { Expression } from './expression.ts';
import { literalExpression } from './literal-expression.ts';
import type { PlanColumns } from './plan-columns.ts';
import type { AggregateStep, TransformChain, TransformStep } from './query-plan.ts';
import { planError, type PlanError } from './schema-view.ts';
import type { PlanCall } from './shard-plan.ts';

/** The select list as expressions over inputs: the plan's columns; or the calls, then the neighbours of a selector. */
export interface Projections {
  readonly kind: 'projections';
  readonly expressions: readonly Expression[];
  readonly calls: readonly ProjectedCall[];
  /** What the expressions are over where there are transformations, or functions one by one; each input is a column, or a call. */
  readonly outputs: readonly TransformChain[];
  /** Indexes of columns. */
  readonly neighbours: readonly number[];
}

export interface ProjectedCall extends PlanCall {
  readonly type: FieldType;
  /** Windows before the first one asked for that it begins with. */
  readonly leadWindowCount: number;
}

/** Numbers the inputs of a checked select list whose wildcards are expanded. What is random in it depends on the seed. */
export function planProjections(fields: readonly SelectField[], columns: PlanColumns, seed: number): Projections | PlanError {
  const all = fields.map(({ expression }) => expression);
  const planner = new ProjectionPlanner(columns, all, seed);
  const calls = planner.collectCalls(all);
  if (calls !== undefined) return calls;
  return {
    kind: 'projections',
    expressions: fields.map(({ expression }) => planner.expressionOf(expression)),
    calls: planner.calls,
    outputs: planner.outputs,
    neighbours: planner.neighbours,
  };
}

class ProjectionPlanner {
  readonly calls: ProjectedCall[] = [];
  readonly neighbours: number[] = [];
  readonly #columns: PlanColumns;
  /** By what makes them the same. */
  readonly #chains = new Map<string, { readonly index: number; readonly output: TransformChain }>();

  /** Whether functions are computed from rows, because a field is transformed as it is. */
  readonly #isOverRows: boolean;

  readonly #seed: number;

  constructor(columns: PlanColumns, expressions: readonly Expr[], seed: number) {
    this.#columns = columns;
    this.#seed = seed;
    this.#isOverRows = chainsIn(expressions).some(({ call, field }) => call === undefined && isKnown(columns.typeOf(field)));
  }

  get outputs(): readonly TransformChain[] {
    return Array.from(this.#chains.values(), ({ output }) => output);
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
    const chain = chainIn(expression);
    if (chain !== undefined) return this.#chainExpression(chain);
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
    const chain = chainIn(expression);
    return chain === undefined ? this.collectCalls(childrenOf(expression)) : this.#addChain(chain);
  }

  /** Of a field that nobody has there is nothing to add. */
  #addChain(chain: ChainOfField): PlanError | undefined {
    const type = this.#columns.typeOf(chain.field);
    if (!isKnown(type) || this.#chains.has(chainText(chain))) return undefined;
    const { call } = chain;
    if (call !== undefined && !FUNCTIONS[call.function].argumentTypes.includes(type)) return unsupported(call.function, type);
    const planned = planSteps(chain, call === undefined ? type : FUNCTIONS[call.function].resultType(type));
    if (planned.kind === 'error') return planned;
    const isOverRows = call !== undefined && this.#isOverRows;
    if (isOverRows && ownRowsOf(call.function)) return planError(`${call.function}() beside a transformation of a field is not supported`);
    const first: readonly AggregateStep[] = isOverRows ? [{ kind: 'aggregate', function: call.function, parameter: call.parameter, type }] : [];
    const output = { input: this.#inputOf(chain, type), steps: [...first, ...planned.steps], type: planned.type };
    this.#chains.set(chainText(chain), { index: this.#chains.size, output });
    return undefined;
  }

  #inputOf({ field, call, steps }: ChainOfField, type: FieldType): number {
    const column = this.#columns.indexOf(field);
    if (call === undefined || this.#isOverRows) return column;
    const leadWindowCount = leadOf(steps);
    const known = this.calls.findIndex((each) => each.function === call.function && each.column === column && each.parameter === call.parameter && each.leadWindowCount === leadWindowCount);
    const seed = call.function === 'sample' ? { seed: this.#seed } : {};
    return known >= 0 ? known : this.calls.push({ ...call, column, ...seed, type, leadWindowCount }) - 1;
  }

  /** A function of a field that nobody has is null. */
  #chainExpression(chain: ChainOfField): Expression {
    const known = this.#chains.get(chainText(chain));
    if (known === undefined) return { kind: 'literal', value: null, type: 'unknown' };
    return { kind: 'input', index: known.index, type: known.output.type };
  }

  #columnExpression(variable: Variable): Expression {
    const column = this.#columns.indexOf(variable);
    const type = this.#columns.typeAt(column);
    if (this.#chains.size === 0) return { kind: 'input', index: column, type };
    let index = this.neighbours.indexOf(column);
    if (index < 0) index = this.neighbours.push(column) - 1;
    return { kind: 'input', index: this.calls.length + index, type };
  }
}

interface PlannedSteps {
  readonly kind: 'steps';
  readonly steps: readonly TransformStep[];
  /** Of what comes out of the last. */
  readonly type: FieldType;
}

/** The transformations of a chain over points of a type, or why they are none for it. */
function planSteps({ steps, call }: ChainOfField, pointType: FieldType): PlannedSteps | PlanError {
  const planned: TransformStep[] = [];
  let type = pointType;
  for (const [index, step] of steps.entries()) {
    const definition = TRANSFORMATIONS.get(step.function)!;
    const isOfDistinct = call?.function === 'distinct' && index === 0;
    if (!definition.argumentTypes.includes(type)) return unsupported(definition.title, type, isOfDistinct ? 'Interval' : undefined);
    const problem = definition.limitProblem?.(step.args);
    if (problem !== undefined) return planError(problem);
    planned.push({ kind: 'transformation', ...step, type });
    type = definition.resultType(type);
  }
  return { kind: 'steps', steps: planned, type };
}

function ownRowsOf(name: FunctionName): boolean {
  return (FUNCTIONS[name] as FunctionDefinition).hasOwnRows === true;
}

function chainsIn(expressions: readonly Expr[]): readonly ChainOfField[] {
  return expressions.flatMap((expression) => chainIn(expression) ?? chainsIn(childrenOf(expression)));
}

function isKnown(type: FieldType | 'tag' | undefined): type is FieldType {
  return type !== undefined && type !== 'tag';
}

/** Windows that the innermost of some transformations must see before the first one that is asked for. */
function leadOf(steps: ChainOfField['steps']): number {
  return steps.reduce((count, step) => count + TRANSFORMATIONS.get(step.function)!.leadWindowCount, 0);
}

/** The same for chains that are the same. */
function chainText({ field: { name, type }, call, steps }: ChainOfField): string {
  return JSON.stringify([name, type, call, steps], (_key, value: unknown) => (typeof value === 'bigint' ? `${value}` : value));
}

function unsupported(title: string, type: FieldType, of = 'Interrupt'): PlanError {
  return planError(`unsupported ${title} iterator type: *query.${type}${of}Iterator`);
}
