import type { FieldType } from '@varve/model';
import type { FunctionDefinition } from '../functions/function-definition.ts';
import { FUNCTIONS, type FunctionName } from '../functions/function-table.ts';
import type { Expr, Variable } from '../influxql/ast.ts';
import { childrenOf } from '../influxql/expression-tree.ts';
import { TRANSFORMATIONS } from '../transforms/transformation-table.ts';
import { chainIn, stepsText, type ChainOfField, type FunctionCall } from './chain-in.ts';
import type { ExpandedField } from './expand-fields.ts';
import type { Expression } from './expression.ts';
import { literalExpression } from './literal-expression.ts';
import type { PlanColumns } from './plan-columns.ts';
import type { TransformChain, TransformStep } from './query-plan.ts';
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

export interface ProjectedCall {
  readonly call: PlanCall;
  /** Of its argument. */
  readonly type: FieldType;
  /** Windows before the first one asked for that it begins with. */
  readonly leadWindowCount: number;
}

/** Numbers the inputs of a checked select list whose wildcards are expanded. What is random in it depends on the seed. */
export function planProjections(fields: readonly ExpandedField[], columns: PlanColumns, seed: number): Projections | PlanError {
  const planner = new ProjectionPlanner(columns, seed);
  for (const { expression } of fields) planner.findChains(expression);
  const problem = planner.planChains();
  if (problem !== undefined) return problem;
  return {
    kind: 'projections',
    expressions: fields.map(({ expression, tagOfTop }) => (tagOfTop === undefined ? planner.expressionOf(expression) : planner.tagOf(tagOfTop))),
    calls: planner.calls,
    outputs: planner.outputs,
    neighbours: planner.neighbours,
  };
}

class ProjectionPlanner {
  readonly calls: ProjectedCall[] = [];
  readonly outputs: TransformChain[] = [];
  readonly neighbours: number[] = [];
  readonly #columns: PlanColumns;
  readonly #seed: number;
  /** In order of the text. */
  readonly #found: { readonly expression: Expr; readonly chain: ChainOfField }[] = [];
  /** What stands for each of them. */
  readonly #inputs: Expression[] = [];
  /** How many of them have been put into expressions. */
  #placedCount = 0;
  /** By what makes chains the same, and calls. */
  readonly #inputOfChain = new Map<string, Expression>();
  readonly #indexOfCall = new Map<string, number>();

  constructor(columns: PlanColumns, seed: number) {
    this.#columns = columns;
    this.#seed = seed;
  }

  findChains(expression: Expr): void {
    const chain = chainIn(expression);
    if (chain !== undefined) this.#found.push({ expression, chain });
    else for (const child of childrenOf(expression)) this.findChains(child);
  }

  /** Numbers all calls before the first neighbour is numbered behind them. */
  planChains(): PlanError | undefined {
    const isOverRows = this.#isOverRows;
    for (const { chain } of this.#found) {
      const input = this.#inputOf(chain, isOverRows);
      if (input.kind === 'error') return input;
      this.#inputs.push(input);
    }
    return undefined;
  }

  /** Of all expressions in which chains were looked for, in the same order. */
  expressionOf(expression: Expr): Expression {
    if (this.#found[this.#placedCount]?.expression === expression) return this.#inputs[this.#placedCount++]!;
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

  /** A tag that INTO writes: an input of its own, for it is not filled as a column is. */
  tagOf(name: string): Expression {
    const column = this.#columns.indexOf({ kind: 'variable', name, type: undefined });
    return { kind: 'input', index: this.calls.length + this.neighbours.push(column) - 1, type: this.#columns.typeAt(column) };
  }

  /** Whether functions are computed from rows, because a field is transformed as it is. */
  get #isOverRows(): boolean {
    return this.#found.some(({ chain: { call, field } }) => call === undefined && isKnown(this.#columns.typeOf(field)));
  }

  /** The same for chains that are the same. */
  #inputOf(chain: ChainOfField, isOverRows: boolean): Expression | PlanError {
    const type = this.#columns.typeOf(chain.field);
    if (!isKnown(type)) return NOTHING;
    const { call, field, steps } = chain;
    const column = this.#columns.indexOf(field);
    const leadWindowCount = leadOf(steps);
    const callId = `${column} ${call?.function} ${call?.parameter} ${call?.tags === undefined ? '' : JSON.stringify(call.tags)} ${leadWindowCount}`;
    const id = steps.length === 0 ? callId : `${callId} ${stepsText(steps)}`;
    const known = this.#inputOfChain.get(id);
    if (known !== undefined) return known;
    const output = this.#outputOf(chain, { callId, column, type, leadWindowCount }, isOverRows);
    if ('kind' in output) return output;
    const input: Expression = { kind: 'input', index: this.outputs.push(output) - 1, type: output.type };
    this.#inputOfChain.set(id, input);
    return input;
  }

  #outputOf({ call, steps }: ChainOfField, input: ChainInput, isOverRows: boolean): TransformChain | PlanError {
    const { column, type } = input;
    if (call !== undefined && !FUNCTIONS[call.function].argumentTypes.includes(type)) return unsupportedCall(call, type);
    const planned = planSteps(steps, call === undefined ? type : FUNCTIONS[call.function].resultType(type), call?.function === 'distinct');
    if (planned.kind === 'error') return planned;
    if (call === undefined) return { input: column, steps: planned.steps, type: planned.type };
    if (!isOverRows) return { input: this.#callOf(call, input), steps: planned.steps, type: planned.type };
    if (ownRowsOf(call.function)) return planError(`${call.function}() beside a transformation of a field is not supported`);
    return { input: column, steps: [{ kind: 'aggregate', function: call.function, parameter: call.parameter, type }, ...planned.steps], type: planned.type };
  }

  /** The index of the call: one for all chains that begin with it alike. */
  #callOf(call: FunctionCall, { callId, column, type, leadWindowCount }: ChainInput): number {
    const known = this.#indexOfCall.get(callId);
    if (known !== undefined) return known;
    const planned: PlanCall = call.function === 'sample' ? { ...call, column, seed: this.#seed } : { ...call, column };
    const index = this.calls.push({ call: planned, type, leadWindowCount }) - 1;
    this.#indexOfCall.set(callId, index);
    return index;
  }

  #columnExpression(variable: Variable): Expression {
    const column = this.#columns.indexOf(variable);
    const type = this.#columns.typeAt(column);
    if (this.outputs.length === 0) return { kind: 'input', index: column, type };
    let index = this.neighbours.indexOf(column);
    if (index < 0) index = this.neighbours.push(column) - 1;
    return { kind: 'input', index: this.calls.length + index, type };
  }
}

/** A function of a field that nobody has is null. */
const NOTHING: Expression = { kind: 'literal', value: null, type: 'unknown' };

/** What a chain begins with. */
interface ChainInput {
  /** The same for calls that are the same. */
  readonly callId: string;
  readonly column: number;
  /** Of the column. */
  readonly type: FieldType;
  readonly leadWindowCount: number;
}

interface PlannedSteps {
  readonly kind: 'steps';
  readonly steps: readonly TransformStep[];
  /** Of what comes out of the last. */
  readonly type: FieldType;
}

/** The transformations of a chain over points of a type, or why they are none for it. */
function planSteps(steps: ChainOfField['steps'], pointType: FieldType, areDistinct: boolean): PlannedSteps | PlanError {
  const planned: TransformStep[] = [];
  let type = pointType;
  for (const [index, step] of steps.entries()) {
    const definition = TRANSFORMATIONS.get(step.function)!;
    if (!definition.argumentTypes.includes(type)) return unsupported(definition.title, type, areDistinct && index === 0 ? 'Interval' : undefined);
    const problem = definition.limitProblem?.(step.args);
    if (problem !== undefined) return planError(problem);
    planned.push({ kind: 'transformation', function: step.function, args: step.args, type });
    type = definition.resultType(type);
  }
  return { kind: 'steps', steps: planned, type };
}

function ownRowsOf(name: FunctionName): boolean {
  return (FUNCTIONS[name] as FunctionDefinition).hasOwnRows === true;
}

function isKnown(type: FieldType | 'tag' | undefined): type is FieldType {
  return type !== undefined && type !== 'tag';
}

/** Windows that the innermost of some transformations must see before the first one that is asked for. */
function leadOf(steps: ChainOfField['steps']): number {
  return steps.reduce((count, step) => count + TRANSFORMATIONS.get(step.function)!.leadWindowCount, 0);
}

/** With tags InfluxDB takes the extreme of each of their values first, and of what that gives the top or bottom. */
function unsupportedCall({ function: name, tags = [] }: NonNullable<ChainOfField['call']>, type: FieldType): PlanError {
  const extreme = { top: 'max', bottom: 'min' }[name as string];
  if (extreme === undefined || tags.length === 0) return unsupported(name, type);
  return type === 'boolean' ? unsupported(name, type, 'ReduceBoolean') : unsupported(extreme, type);
}

function unsupported(title: string, type: FieldType, of = 'Interrupt'): PlanError {
  return planError(`unsupported ${title} iterator type: *query.${type}${of}Iterator`);
}
