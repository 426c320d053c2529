import type { Operation } from './history.ts';
import type { SequentialModel } from './sequential-model.ts';

/** How far a search came. */
export interface Stuck<State, Input, Output> {
  /** The operation whose return no order reaches. */
  readonly at: Operation<Input, Output>;
  /** The longest order that explains everything which had returned before. */
  readonly order: readonly Operation<Input, Output>[];
  readonly state: State;
  /** What could come next, by time. */
  readonly candidates: readonly Operation<Input, Output>[];
}

/** Why no order explains the history, for people: the smallest prefix that has none, and how far one comes. */
export function explain<State, Input, Output>(
  model: SequentialModel<State, Input, Output>,
  history: readonly Operation<Input, Output>[],
  { at, order, state, candidates }: Stuck<State, Input, Output>,
): string {
  const prefix = history.filter(({ called }) => called.order < at.returned!.order);
  const numberOf = (operation: Operation<Input, Output>): string => `#${history.indexOf(operation) + 1}`;
  const line = (operation: Operation<Input, Output>): string => `  ${numberOf(operation)} ${operation.process} ${timesOf(operation)}: ${model.describe(operation)}`;
  const fate = (operation: Operation<Input, Output>): string => (model.step(state, operation) === undefined ? 'cannot come next' : 'leads nowhere');
  return [
    `not linearizable: no order explains the first ${prefix.length} of ${history.length} operations, up to the return of ${numberOf(at)}`,
    'operations, by their calls:',
    ...prefix.map(line),
    `the longest order that explains what had returned before ${numberOf(at)}: ${order.map(numberOf).join(' ') || 'none'}`,
    `state after it: ${model.describeState(state)}`,
    'next could be:',
    ...candidates.map((operation) => `${line(operation)}: ${fate(operation)}`),
  ].join('\n');
}

function timesOf<Input, Output>({ called, returned }: Operation<Input, Output>): string {
  return `${called.atMs.toFixed(1)}–${returned === undefined ? '' : returned.atMs.toFixed(1)}`;
}
