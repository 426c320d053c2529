import type { Operation } from './history.ts';

/** One object in one place, which does one thing at a time: what a history is compared with. States are values. */
export interface SequentialModel<State, Input, Output> {
  readonly initial: State;
  /**
   * The state after the operation; undefined when it cannot have had that outcome in this state. With an unknown outcome it is
   * what the operation does to the state, whatever it would have answered. Returns the same state when nothing changes.
   */
  step(state: State, operation: Pick<Operation<Input, Output>, 'input' | 'outcome'>): State | undefined;
  /** Equal for states with the same future, and only for these. */
  keyOf(state: State): string;
  /** For people. */
  describeState(state: State): string;
  /** For people, with its outcome. */
  describe(operation: Pick<Operation<Input, Output>, 'input' | 'outcome'>): string;
  /** The name of the part that an operation belongs to, where parts have nothing to do with each other. */
  partOf?(input: Input): string;
}
