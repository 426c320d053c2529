import { alternativesIn, operandsOf } from '../plan/alternatives.ts';
import type { Expression } from '../plan/expression.ts';

/** How many operators are looked at for each row; values of one name beside each other (`u = 0 OR u = 1 OR …`) are looked for together. */
export function filterCost(filter: Expression | undefined): number {
  if (filter?.kind === 'math') return filter.args.reduce((cost, arg) => cost + filterCost(arg), 1);
  if (filter?.kind !== 'binary') return 0;
  if (filter.operator !== 'OR') return 1 + filterCost(filter.left) + filterCost(filter.right);
  const alternatives = alternativesIn(filter);
  if (alternatives === undefined) return operandsCost(operandsOf('OR', filter), 0);
  let cost = alternatives.values.size;
  for (const byValue of alternatives.conditions.values()) cost += 1 + byValue.values().reduce((most, condition) => Math.max(most, filterCost(condition)), 0);
  return operandsCost(alternatives.others, cost);
}

function operandsCost(operands: readonly Expression[], first: number): number {
  return operands.reduce((cost, operand) => cost + 1 + filterCost(operand), first);
}

/** Operators that are applied in one go: some milliseconds. */
const OPERATIONS_AT_ONCE = 262_144;

/** Rows that are filtered in one go, a multiple of eight. Filters of the usual size are faster than what reads the rows. */
export function rowCountAtOnce(cost: number): number {
  return cost <= USUAL_COST ? Infinity : Math.max(8, Math.floor(OPERATIONS_AT_ONCE / cost / 8) * 8);
}

/** A filter that takes longer for each row is not lent: a scan thread does its share in one go. */
export const USUAL_COST = 32;
