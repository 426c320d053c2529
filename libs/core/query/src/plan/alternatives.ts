import type { Cell } from '@varve/model';
import { isNumeric } from './binary-operation.ts';
import type { Expression } from './expression.ts';

/** A chain of OR of which every operand is true or false. */
export interface Alternatives {
  /** By input the values that it may have, as `comparable` makes them. */
  readonly values: ReadonlyMap<number, ReadonlySet<Cell>>;
  /** What else may hold. */
  readonly others: readonly Expression[];
}

/**
 * The operands of a chain of OR, values of one input taken together. undefined: there are none to be taken together, or an operand
 * may be null or a number, which the order of operands makes something of.
 */
export function alternativesIn(expression: Expression): Alternatives | undefined {
  const operands = operandsOfOr(expression);
  if (!operands.every(isComparison)) return undefined;
  const values = new Map<number, Set<Cell>>();
  const others: Expression[] = [];
  for (const each of operands) {
    const equality = equalityIn(each);
    if (equality === undefined) others.push(each);
    else addTo(values, equality);
  }
  return others.length + values.size < operands.length ? { values, others } : undefined;
}

/** In order; of anything else it is the expression alone. */
export function operandsOfOr(expression: Expression): readonly Expression[] {
  const operands: Expression[] = [];
  addOperands(expression, operands);
  return operands;
}

function addOperands(expression: Expression, operands: Expression[]): void {
  if (expression.kind !== 'binary' || expression.operator !== 'OR') {
    operands.push(expression);
    return;
  }
  addOperands(expression.left, operands);
  addOperands(expression.right, operands);
}

/** Cells that are equal to each other have one form: an integer that a float64 holds is a number. NaN and null are equal to nothing. */
export function comparable(cell: Cell): Cell | undefined {
  if (typeof cell !== 'bigint') return cell === null || Number.isNaN(cell) ? undefined : cell;
  const rounded = Number(cell);
  return Number.isFinite(rounded) && BigInt(rounded) === cell ? rounded : cell;
}

const COMPARISONS: ReadonlySet<string> = new Set(['=', '!=', '<', '<=', '>', '>=', '=~', '!~']);

function isComparison(expression: Expression): boolean {
  return expression.kind === 'binary' && COMPARISONS.has(expression.operator);
}

interface Equality {
  readonly index: number;
  readonly value: Cell;
}

function equalityIn(expression: Expression): Equality | undefined {
  if (expression.kind !== 'binary' || expression.operator !== '=') return undefined;
  const { left, right } = expression;
  if (left.kind === 'input' && right.kind === 'literal') return { index: left.index, value: right.value };
  return left.kind === 'literal' && right.kind === 'input' ? { index: right.index, value: left.value } : undefined;
}

function addTo(values: Map<number, Set<Cell>>, { index, value }: Equality): void {
  const known = values.get(index) ?? new Set();
  values.set(index, known);
  const form = comparable(value);
  if (form !== undefined) known.add(form);
}

/** Whether a range of numbers has one of some numbers. */
export function rangeTest(values: readonly (number | bigint)[]): (bounds: { readonly min: number; readonly max: number }) => boolean {
  const sorted = values.toSorted((left, right) => (left < right ? -1 : left > right ? 1 : 0));
  return ({ min, max }) => {
    let [from, to] = [0, sorted.length];
    while (from < to) {
      const middle = (from + to) >>> 1;
      if (sorted[middle]! < min) from = middle + 1;
      else to = middle;
    }
    return from < sorted.length && sorted[from]! <= max;
  };
}

/** The numbers among the values of `comparable`. */
export function numbersIn(values: ReadonlySet<Cell>): (number | bigint)[] {
  return [...values].filter(isNumeric);
}
