import type { Operation } from '../history.ts';
import type { SequentialModel } from '../sequential-model.ts';

/** Whether any permutation of any subset with all known operations explains the history. For very short ones: it tries them all. */
export function hasOrder<State, Input, Output>(model: SequentialModel<State, Input, Output>, history: readonly Operation<Input, Output>[]): boolean {
  const unknown = history.filter(({ returned }) => returned === undefined);
  const known = history.filter(({ returned }) => returned !== undefined);
  return subsetsOf(unknown).some((chosen) => permutationsOf([...known, ...chosen]).some((order) => isInTime(order) && explains(model, order)));
}

/** Nothing comes before what had returned when it was called. */
export function isInTime<Input, Output>(order: readonly Operation<Input, Output>[]): boolean {
  return order.every((later, at) => order.slice(at + 1).every(({ returned }) => returned === undefined || returned.order > later.called.order));
}

/** Whether the model goes through the order. */
export function explains<State, Input, Output>(model: SequentialModel<State, Input, Output>, order: readonly Operation<Input, Output>[]): boolean {
  let state: State | undefined = model.initial;
  for (const operation of order) {
    state = model.step(state, operation);
    if (state === undefined) return false;
  }
  return true;
}

function subsetsOf<Item>([first, ...rest]: readonly Item[]): readonly (readonly Item[])[] {
  if (first === undefined) return [[]];
  return subsetsOf(rest).flatMap((subset) => [subset, [first, ...subset]]);
}

function permutationsOf<Item>(items: readonly Item[]): readonly (readonly Item[])[] {
  if (items.length === 0) return [[]];
  return items.flatMap((item, at) => permutationsOf(items.toSpliced(at, 1)).map((rest) => [item, ...rest]));
}
