import type { Call, Expr, Variable } from '../influxql/ast.ts';
import type { FunctionName } from '../functions/function-table.ts';
import type { TransformArgument } from '../transforms/transformation.ts';
import { TRANSFORMATIONS } from '../transforms/transformation-table.ts';
import { distinctArguments, isRowFunction } from './check-select.ts';
import type { PlanCall } from './shard-plan.ts';

/** A call over fields as a select list has it: transformations, from the innermost to the outermost, of a function or of a field. */
export interface ChainOfField {
  readonly steps: readonly StepCall[];
  readonly field: Variable;
  /** undefined: of the field as it is. */
  readonly call: FunctionCall | undefined;
}

export type FunctionCall = Pick<PlanCall, 'function' | 'parameter' | 'tags'>;

interface StepCall {
  readonly function: string;
  readonly args: readonly TransformArgument[];
}

/** The call over fields that an expression is, functions of one row apart; its shape was checked before. */
export function chainIn(expression: Expr): ChainOfField | undefined {
  const distinct = distinctArguments(expression);
  if (distinct !== undefined) return { steps: [], field: distinct[0] as Variable, call: { function: 'distinct', parameter: undefined } };
  if (expression.kind !== 'call' || isRowFunction(expression.name)) return undefined;
  if (TRANSFORMATIONS.has(expression.name)) return behind(expression);
  const { args } = expression;
  const [argument] = args;
  const nested = distinctArguments(argument!);
  if (nested !== undefined) return { steps: [], field: nested[0] as Variable, call: { function: 'countDistinct', parameter: undefined } };
  return { steps: [], field: argument as Variable, call: callOf(expression.name as FunctionName, args) };
}

function callOf(name: FunctionName, args: readonly Expr[]): FunctionCall {
  if (args.length === 1) return { function: name, parameter: undefined };
  const tags = args.slice(1).filter((each) => each.kind === 'variable').map((tag) => tag.name);
  const call = { function: name, parameter: numberIn(args.at(-1)) };
  return tags.length === 0 ? call : { ...call, tags };
}

/** The same for transformations that are the same. */
export function stepsText(steps: readonly StepCall[]): string {
  return steps.map(({ function: name, args }) => `${name}(${args.map(argumentText).join()})`).join();
}

function argumentText(argument: TransformArgument): string {
  return typeof argument === 'bigint' ? `${argument}n` : JSON.stringify(argument);
}

function behind({ name, args: [argument, ...others] }: Call): ChainOfField {
  const inner = chainIn(argument!) ?? { steps: [], field: argument as Variable, call: undefined };
  return { ...inner, steps: [...inner.steps, { function: name, args: others.map(argumentIn) }] };
}

function argumentIn(expression: Expr): TransformArgument {
  switch (expression.kind) {
    case 'duration':
      return expression.ns;
    case 'string':
      return expression.value;
    default:
      return numberIn(expression)!;
  }
}

function numberIn(expression: Expr | undefined): number | undefined {
  if (expression?.kind === 'number') return expression.value;
  if (expression?.kind === 'duration') return Number(expression.ns);
  return expression?.kind === 'integer' ? Number(expression.value) : undefined;
}
