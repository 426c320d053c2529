import type { Cell } from '@varve/model';
import { isNumeric } from './binary-operation.ts';
import type { Expression } from './expression.ts';

/** A chain of OR of which every operand is true or false. */
export interface Alternatives {
  /** By input the values that it may have, as `comparable` makes them. */
  readonly values: ReadonlyMap<number, ReadonlySet<Cell>>;
  /** By input, and by the value that it must have, what must hold besides: of `x = 1 AND y > 2` it is `y > 2`. */
  readonly conditions: ReadonlyMap<number, ReadonlyMap<Cell, Expression>>;
  /** What else may hold. */
  readonly others: readonly Expression[];
}

/**
 * The operands of a chain of OR, values of one input taken together. undefined: there are none to be taken together, or an operand
 * may be null or a number, which the order of operands makes something of.
 */
export function alternativesIn(expression: Expression): Alternatives | undefined {
  if (known.has(expression)) return known.get(expression);
  const alternatives = alternativesOf(expression);
  known.set(expression, alternatives);
  return alternatives;
}

/** A filter is asked about several times: what it costs, which pages it rules out, which rows pass. */
const known = new WeakMap<Expression, Alternatives | undefined>();

function alternativesOf(expression: Expression): Alternatives | undefined {
  const operands = operandsOf('OR', expression);
  if (!operands.every(isTruth)) return undefined;
  const values = new Map<number, Set<Cell>>();
  const chains: Chain[] = [];
  const others: Expression[] = [];
  for (const each of operands) {
    const equality = equalityIn(each);
    const chain = equality === undefined ? chainIn(each) : undefined;
    if (equality !== undefined) addTo(values, equality);
    else if (chain !== undefined) chains.push(chain);
    else others.push(each);
  }
  const conditions = conditionsOf(chains);
  return others.length + values.size + conditions.size < operands.length ? { values, conditions, others } : undefined;
}

/** Operands of AND, some of which are equalities. */
interface Chain {
  readonly operands: readonly Expression[];
  readonly equalities: readonly (Equality | undefined)[];
}

function chainIn(expression: Expression): Chain | undefined {
  const operands = operandsOf('AND', expression);
  if (operands.length === 1) return undefined;
  const equalities = operands.map(equalityIn);
  return equalities.some((each) => each !== undefined) ? { operands, equalities } : undefined;
}

/** Each chain is looked for by the one of its inputs that has most values: the fewer chains are left to be tried. */
function conditionsOf(chains: readonly Chain[]): Map<number, Map<Cell, Expression>> {
  const values = new Map<number, Set<Cell>>();
  for (const { equalities } of chains) for (const each of equalities) if (each !== undefined) addTo(values, each);
  const found = new Map<number, Map<Cell, Expression[]>>();
  for (const { operands, equalities } of chains) {
    let best = -1;
    for (const [at, each] of equalities.entries()) {
      if (each !== undefined && (best < 0 || values.get(each.index)!.size > values.get(equalities[best]!.index)!.size)) best = at;
    }
    const { index, value } = equalities[best]!;
    const ofInput = found.get(index) ?? new Map<Cell, Expression[]>();
    found.set(index, ofInput);
    const form = comparable(value);
    if (form === undefined) continue;
    const rest = joined('AND', operands.filter((_operand, at) => at !== best));
    const rests = ofInput.get(form);
    if (rests === undefined) ofInput.set(form, [rest]);
    else rests.push(rest);
  }
  return new Map([...found].map(([index, ofInput]) => [index, new Map([...ofInput].map(([value, rests]) => [value, joined('OR', rests)]))]));
}

/** A flat tree: expressions are walked by recursion. */
function joined(operator: 'AND' | 'OR', operands: readonly Expression[], from = 0, to = operands.length): Expression {
  if (to - from === 1) return operands[from]!;
  const middle = (from + to) >>> 1;
  return { kind: 'binary', operator, left: joined(operator, operands, from, middle), right: joined(operator, operands, middle, to) };
}

/** In order; of anything else it is the expression alone. */
export function operandsOf(operator: 'AND' | 'OR', expression: Expression): readonly Expression[] {
  const operands: Expression[] = [];
  addOperands(operator, expression, operands);
  return operands;
}

function addOperands(operator: 'AND' | 'OR', expression: Expression, operands: Expression[]): void {
  if (expression.kind !== 'binary' || expression.operator !== operator) {
    operands.push(expression);
    return;
  }
  addOperands(operator, expression.left, operands);
  addOperands(operator, expression.right, operands);
}

/** Cells that are equal to each other have one form: an integer that a float64 holds is a number. NaN and null are equal to nothing. */
export function comparable(cell: Cell): Cell | undefined {
  if (typeof cell !== 'bigint') return cell === null || Number.isNaN(cell) ? undefined : cell;
  const rounded = Number(cell);
  return Number.isFinite(rounded) && BigInt(rounded) === cell ? rounded : cell;
}

const COMPARISONS: ReadonlySet<string> = new Set(['=', '!=', '<', '<=', '>', '>=', '=~', '!~']);

/** Of chains, which are asked about at every level. */
const truths = new WeakMap<Expression, boolean>();

/** Whether it is true or false for every row, and never null or a number: comparisons, and what AND and OR make of them. */
export function isTruth(expression: Expression): boolean {
  if (expression.kind === 'literal') return typeof expression.value === 'boolean';
  if (expression.kind !== 'binary') return false;
  const { operator, left, right } = expression;
  if (operator !== 'AND' && operator !== 'OR') return COMPARISONS.has(operator);
  let isOne = truths.get(expression);
  if (isOne === undefined) truths.set(expression, (isOne = isTruth(left) && isTruth(right)));
  return isOne;
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
  const among = values.get(index) ?? new Set();
  values.set(index, among);
  const form = comparable(value);
  if (form !== undefined) among.add(form);
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
