import { columnForm, FUNCTIONS } from '../functions/function-table.ts';
import type { SelectStatement } from '../influxql/ast.ts';
import type { Projections } from './plan-projections.ts';
import type { Reach } from './plan-transform.ts';
import type { PlannedFill } from './query-plan.ts';
import type { AggregatesOutput } from './shard-plan.ts';

/** Columns, where all states are numbers and no cell is carried beside them. */
export function formOf({ calls, neighbours }: Pick<Projections, 'calls' | 'neighbours'>): AggregatesOutput['form'] {
  const areNumbers = calls.every(({ call, type }) => columnForm(call.function, type, false) !== undefined);
  return neighbours.length === 0 && areNumbers ? 'columns' : 'states';
}

/** An empty window is no row for count_hll(), and a filled one is, as with transformations. Nor is it one where rows are written. */
export function planFill({ fill, target }: Pick<SelectStatement, 'fill' | 'target'>, expressions: Projections['expressions']): PlannedFill {
  if (fill.kind === 'null' && (target !== undefined || !expressions.some(readsInput))) return { kind: 'none' };
  return fill.kind === 'number' ? fill : { kind: fill.kind };
}

/** Whether the rows are points that one selector picked, with their times. */
export function isSelectedPoint(calls: Reach['calls'], expressions: Projections['expressions']): boolean {
  return calls.length === 1 && FUNCTIONS[calls[0]!.call.function].isSelector && !expressions.some(isNull);
}

/** A function of a field that nobody has counts as a second function: the answer is no selected point any more. */
function isNull(expression: Projections['expressions'][number]): boolean {
  if (expression.kind === 'binary') return isNull(expression.left) || isNull(expression.right);
  if (expression.kind === 'math') return expression.args.some(isNull);
  if (expression.kind === 'sketchCount') return isNull(expression.argument);
  return expression.kind === 'literal' && expression.type === 'unknown';
}

/** Whether an expression depends on an input, and not through count_hll() alone. */
function readsInput(expression: Projections['expressions'][number]): boolean {
  if (expression.kind === 'binary') return readsInput(expression.left) || readsInput(expression.right);
  return expression.kind === 'math' ? expression.args.some(readsInput) : expression.kind === 'input';
}
