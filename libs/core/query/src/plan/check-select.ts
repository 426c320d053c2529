import { FUNCTIONS } from '../functions/function-table.ts';
import type { Call, Expr, SelectStatement } from '../influxql/ast.ts';
import { childrenOf } from '../influxql/expression-tree.ts';
import { MATH_FUNCTIONS } from '../influxql/math-functions.ts';
import { fieldsProblem, type Windows } from '../influxql/validate-fields.ts';
import { TRANSFORMATIONS } from '../transforms/transformation-table.ts';
import { planError, type PlanError } from './schema-view.ts';

/** What a select list is made of, beyond its fields. */
interface SelectFacts {
  readonly kind: 'facts';
  /** Whether it has functions over fields; those of one row do not count. */
  readonly hasCalls: boolean;
}

/** Refuses what InfluxDB refuses of a select list before it looks at any data, and then what is not to be had here. */
export function checkSelect(statement: SelectStatement, windows: Windows): SelectFacts | PlanError {
  const problem = fieldsProblem(statement, windows);
  if (problem !== undefined) return planError(problem);
  const calls: Call[] = [];
  for (const { expression } of statement.fields) addCalls(expression, calls);
  const onTags = calls.find(({ args: [first] }) => first?.kind === 'wildcard' && first.only === 'tag');
  if (onTags !== undefined) return planError(`unable to use tag wildcard in ${onTags.name}()`);
  const overFields = calls.filter(({ name }) => !isRowFunction(name));
  const other = overFields.find(({ name }) => name !== 'distinct' && !isFunction(name) && !TRANSFORMATIONS.has(name));
  return other === undefined ? { kind: 'facts', hasCalls: overFields.length > 0 } : planError(`${other.name}() is not supported`);
}

/** The calls in an expression, those around others first, `distinct x` as one of them. */
function addCalls(expression: Expr, calls: Call[]): void {
  if (expression.kind === 'call') calls.push(expression);
  else if (expression.kind === 'distinct') calls.push({ kind: 'call', name: 'distinct', args: distinctArguments(expression)! });
  for (const child of childrenOf(expression)) addCalls(child, calls);
}

/** Whether a name is a function of what stands in one row, whatever made it. */
export function isRowFunction(name: string): boolean {
  return MATH_FUNCTIONS.has(name) || name === 'count_hll';
}

/** `time` in a select list asks for the column that is there anyway, maybe under another name. */
export function isTimeColumn(expression: Expr): boolean {
  return expression.kind === 'variable' && expression.name === 'time';
}

/** The arguments of `distinct(x)` or `distinct x`; undefined for anything else. */
export function distinctArguments(expression: Expr): readonly Expr[] | undefined {
  if (expression.kind === 'distinct') return [{ kind: 'variable', name: expression.name, type: undefined }];
  return expression.kind === 'call' && expression.name === 'distinct' ? expression.args : undefined;
}

type SelectableFunction = Exclude<keyof typeof FUNCTIONS, 'countDistinct' | 'distinct'>;

/** Whether a name is a function that can be called by it. */
export function isFunction(name: string): name is SelectableFunction {
  return Object.hasOwn(FUNCTIONS, name) && name !== 'countDistinct' && name !== 'distinct';
}
