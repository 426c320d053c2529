import { assert } from '@varve/base';
import { explain, type Stuck } from './explain.ts';
import type { Operation } from './history.ts';
import type { SequentialModel } from './sequential-model.ts';

/** Whether an order of the operations explains a history. */
export type Verdict<Input, Output> =
  /** An order for each part. */
  | { readonly kind: 'linearizable'; readonly orders: readonly (readonly Operation<Input, Output>[])[]; readonly stepCount: number }
  /** The smallest stuck prefix, for people. */
  | { readonly kind: 'notLinearizable'; readonly text: string; readonly stepCount: number }
  /** Not decided within the bound: to be taken for a failure. */
  | { readonly kind: 'gaveUp'; readonly stepCount: number };

/** Far beyond what a history of a hundred operations takes; some hundred megabytes of memory. */
const STEP_COUNT_MAX = 1_000_000;

/** Decides by searching for an order (docs/specs/linearizability.md, Z1–Z7). */
export function checkHistory<State, Input, Output>(
  model: SequentialModel<State, Input, Output>,
  history: readonly Operation<Input, Output>[],
  { stepCountMax = STEP_COUNT_MAX }: { readonly stepCountMax?: number } = {},
): Verdict<Input, Output> {
  const orders: (readonly Operation<Input, Output>[])[] = [];
  let stepCount = 0;
  let hasGivenUp = false;
  for (const part of partsOf(model, history)) {
    const search = new Search(model, part, stepCountMax - stepCount);
    const order = search.run();
    stepCount += search.stepCount;
    if (order === 'none') return { kind: 'notLinearizable', text: explain(model, part, search.stuck), stepCount };
    if (order === 'gaveUp') hasGivenUp = true; // another part may still be known to be wrong
    else orders.push(order);
  }
  return hasGivenUp ? { kind: 'gaveUp', stepCount } : { kind: 'linearizable', orders, stepCount };
}

function partsOf<State, Input, Output>(
  model: SequentialModel<State, Input, Output>,
  history: readonly Operation<Input, Output>[],
): readonly (readonly Operation<Input, Output>[])[] {
  const parts = Map.groupBy(history, ({ input }) => model.partOf?.(input) ?? '');
  return [...parts.values()].map((part) => part.toSorted((left, right) => left.called.order - right.called.order));
}

interface Point<State> {
  readonly state: State;
  /** The set of operations in the order so far, one bit each. */
  readonly done: bigint;
  /** All known operations are in the order. */
  readonly isEnd: boolean;
  /** Operations that may come next, by number. */
  readonly candidates: readonly number[];
  /** How many of them were tried. */
  triedCount: number;
}

/** Depth first over the orders; operations are numbered in the order of their calls. */
class Search<State, Input, Output> {
  readonly #model: SequentialModel<State, Input, Output>;
  readonly #operations: readonly Operation<Input, Output>[];
  readonly #known: readonly number[];
  readonly #unknown: readonly number[];
  readonly #stepCountMax: number;
  /** Each (set, state) that was looked at. */
  readonly #seen = new Set<string>();
  readonly #isDone: boolean[];
  /** The order so far, by number. */
  readonly #order: number[] = [];
  #stuck: Stuck<State, Input, Output> | undefined;
  stepCount = 0;

  constructor(model: SequentialModel<State, Input, Output>, operations: readonly Operation<Input, Output>[], stepCountMax: number) {
    this.#model = model;
    this.#operations = operations;
    this.#stepCountMax = stepCountMax;
    const numbers = operations.map((_, number) => number);
    this.#known = numbers.filter((number) => operations[number]!.returned !== undefined);
    this.#unknown = numbers.filter((number) => operations[number]!.returned === undefined);
    this.#isDone = operations.map(() => false);
  }

  get stuck(): Stuck<State, Input, Output> {
    assert(this.#stuck !== undefined, 'the search was not stuck');
    return this.#stuck;
  }

  run(): readonly Operation<Input, Output>[] | 'none' | 'gaveUp' {
    const path = [this.#pointAt(this.#model.initial, 0n)];
    for (let point = path.at(-1); point !== undefined; point = path.at(-1)) {
      if (point.isEnd) return this.#inOrder();
      const number = point.candidates[point.triedCount];
      if (number === undefined) {
        path.pop();
        this.#takeBack();
        continue;
      }
      if (this.stepCount === this.#stepCountMax) return 'gaveUp';
      this.stepCount += 1;
      point.triedCount += 1;
      const next = this.#after(point, number);
      if (next !== undefined) path.push(next);
    }
    return 'none';
  }

  /** Where the operation leads; undefined when its outcome does not fit, or when that has been looked at. */
  #after({ state, done }: Point<State>, number: number): Point<State> | undefined {
    const operation = this.#operations[number]!;
    const next = this.#model.step(state, operation);
    if (next === undefined || (operation.returned === undefined && next === state)) return undefined;
    const nextDone = done | (1n << BigInt(number));
    const key = `${nextDone.toString(36)} ${this.#model.keyOf(next)}`;
    if (this.#seen.has(key)) return undefined;
    this.#seen.add(key);
    this.#order.push(number);
    this.#isDone[number] = true;
    return this.#pointAt(next, nextDone);
  }

  /** Those that were called before the earliest return among those that are not in the order yet. */
  #pointAt(state: State, done: bigint): Point<State> {
    let first: Operation<Input, Output> | undefined;
    const candidates: number[] = [];
    for (const number of this.#known) {
      const operation = this.#operations[number]!;
      if (first !== undefined && operation.called.order > first.returned!.order) break;
      if (this.#isDone[number]) continue;
      candidates.push(number);
      if (first === undefined || operation.returned!.order < first.returned!.order) first = operation;
    }
    if (first === undefined) return { state, done, isEnd: true, candidates: [], triedCount: 0 };
    const { order } = first.returned!;
    for (const number of this.#unknown) {
      if (this.#operations[number]!.called.order > order) break;
      if (!this.#isDone[number]) candidates.push(number);
    }
    this.#noteStuck(first, { state, candidates });
    return { state, done, isEnd: false, candidates, triedCount: 0 };
  }

  /** Should no order get past this return, the furthest of them is where people want to look. */
  #noteStuck(at: Operation<Input, Output>, { state, candidates }: Pick<Point<State>, 'state' | 'candidates'>): void {
    const furthest = this.#stuck;
    const isFurther = furthest === undefined || at.returned!.order > furthest.at.returned!.order;
    const isLonger = furthest?.at === at && this.#order.length > furthest.order.length;
    if (!isFurther && !isLonger) return;
    this.#stuck = { at, order: this.#inOrder(), state, candidates: candidates.map((number) => this.#operations[number]!) };
  }

  #takeBack(): void {
    const last = this.#order.pop();
    if (last !== undefined) this.#isDone[last] = false;
  }

  #inOrder(): readonly Operation<Input, Output>[] {
    return this.#order.map((number) => this.#operations[number]!);
  }
}
