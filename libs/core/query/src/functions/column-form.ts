import type { Cell } from '@varve/model';
import type { Runs, SummaryRun } from './run.ts';

/**
 * Functions whose state is a few numbers per window travel and merge in columns: one array per number, over many windows,
 * instead of bytes per window.
 *
 *     values ─ add ─▶ NumberPartial ─ columns ─▶ NumberStates ─ join ─▶ NumberStates ─ answers ─▶ cells
 */
export interface ColumnForm {
  /** How many numbers a state is; the time of a selector's point comes beside them. */
  readonly numberCount: number;
  readonly hasTime: boolean;
  createPartial(): NumberPartial;
  /** Joins the state at an index of `from` into the one at a position of `into`; both are there. */
  join(into: NumberStates, position: number, from: NumberStates, index: number): void;
  /** What the function answers for each window; null where there is no state. The states are not looked at again. */
  answers(states: NumberStates): Cell[];
}

/** A number of an integer state may be a bigint: what float64 does not hold exactly. */
export type StateNumbers = (number | bigint)[];

/** States while values come in, by slot. What `PartialState` says of `add` and `addSummary` holds here, of many windows at once. */
export interface NumberPartial {
  readonly numbers: readonly StateNumbers[];
  /** When the selected point is, from the shard's start; empty without times. */
  readonly offsetsNs: readonly number[];
  has(slot: number): boolean;
  add(runs: Runs): void;
  addSummary?(slot: number, run: SummaryRun): void;
  readonly countIsEnough?: boolean;
}

/** Of states without times. */
export const NO_OFFSETS: readonly number[] = [];

/** States of some windows, one after the other. All arrays run alike. */
export interface NumberStates {
  /** 1 where there is a state. */
  readonly has: Uint8Array;
  readonly numbers: readonly StateNumbers[];
  /** When the selected point is, as `SplitTimes`; empty without times. */
  readonly ms: number[];
  readonly subNs: number[];
}

/** No state in any of the windows. */
export function noStates({ numberCount, hasTime }: ColumnForm, windowCount: number): NumberStates {
  const zeros = (): number[] => new Array<number>(windowCount).fill(0);
  return {
    has: new Uint8Array(windowCount),
    numbers: Array.from({ length: numberCount }, zeros),
    ms: hasTime ? zeros() : [],
    subNs: hasTime ? zeros() : [],
  };
}

/** Puts a state into a window, beside the one that is there, if any. */
export function joinState(form: ColumnForm, into: NumberStates, position: number, from: NumberStates, index: number): void {
  if (into.has[position] === 1) {
    form.join(into, position, from, index);
    return;
  }
  copyState(form, into, position, from, index);
}

/** Puts a state in the place of another. */
export function copyState({ hasTime }: ColumnForm, into: NumberStates, position: number, from: NumberStates, index: number): void {
  into.has[position] = 1;
  for (let number = 0; number < into.numbers.length; number += 1) into.numbers[number]![position] = from.numbers[number]![index]!;
  if (!hasTime) return;
  into.ms[position] = from.ms[index]!;
  into.subNs[position] = from.subNs[index]!;
}

/** The numbers of states that are one number, null where there is none. */
export function numbersOrNull({ has, numbers: [values] }: NumberStates): Cell[] {
  return has.includes(0) ? values!.map((value, window) => (has[window] === 1 ? value : null)) : values!;
}
