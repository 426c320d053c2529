import type { SelectStatement } from './ast.ts';
import { clipText } from './clip-text.ts';
import { conditionProblem } from './validate-condition.ts';
import { checkDimensions } from './validate-dimensions.ts';
import { fieldsProblem, type Windows } from './validate-fields.ts';

/**
 * Why a SELECT that parses still makes no sense, in InfluxDB's words; undefined when nothing is wrong. It needs no schema:
 * functions and their arguments, what may stand together, GROUP BY and WHERE, subqueries with what they inherit.
 */
export function validateSelect(statement: SelectStatement): string | undefined {
  const problem = problemOf(statement, undefined);
  return problem === undefined ? undefined : clipText(problem);
}

interface Outer extends OuterWindows {
  readonly isDescending: boolean;
}

/** The windows of the statement around a subquery. */
export interface OuterWindows {
  /** 0n: there are none. */
  readonly intervalNs: bigint;
}

function problemOf(statement: SelectStatement, outer: Outer | undefined): string | undefined {
  const problem = conditionProblem(statement.condition);
  if (problem !== undefined) return problem;
  const interval = checkDimensions(statement.dimensions);
  if (interval.kind === 'error') return interval.message;
  const isDescending = statement.order === undefined && outer !== undefined ? outer.isDescending : statement.order === 'DESC';
  if (outer !== undefined && isDescending !== outer.isDescending) return 'subqueries must be ordered in the same direction as the query itself';
  const windows = windowsOf(interval.ns, statement, outer);
  return fieldsProblem(statement, windows) ?? subqueryProblem(statement, { isDescending, intervalNs: windows.intervalNs });
}

/** A subquery without windows of its own is computed over those around it; empty windows of a subquery are left out. */
export function windowsOf(intervalNs: bigint, { fill }: SelectStatement, outer: OuterWindows | undefined): Windows {
  if (outer === undefined) return { intervalNs, isInherited: false, fill: fill.kind };
  if (intervalNs === 0n) return { intervalNs: outer.intervalNs, isInherited: outer.intervalNs !== 0n, fill: fill.kind };
  return { intervalNs, isInherited: false, fill: fill.kind === 'null' ? 'none' : fill.kind };
}

function subqueryProblem({ sources }: SelectStatement, outer: Outer): string | undefined {
  for (const source of sources) {
    const problem = source.kind === 'subquery' ? problemOf(source.statement, outer) : undefined;
    if (problem !== undefined) return problem;
  }
  return undefined;
}
