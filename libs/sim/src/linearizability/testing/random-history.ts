import type { Prng } from '@varve/base';
import type { Operation, Outcome } from '../history.ts';

export interface RandomHistoryOptions<State, Input, Output> {
  readonly prng: Prng;
  readonly operationCount: number;
  readonly processCount: number;
  readonly initial: State;
  readonly drawInput: (prng: Prng) => Input;
  /** What the object does when it is the operation's turn. */
  readonly run: (state: State, input: Input) => { readonly state: State; readonly outcome: Outcome<Output> };
  /** Operations whose answer is not heard; half of them have no effect either. */
  readonly unknownProbability: number;
}

/**
 * A history that is linearizable because an object has run it one by one: each operation gets a window around its turn, and
 * windows of different processes overlap.
 */
export function randomHistory<State, Input, Output>(options: RandomHistoryOptions<State, Input, Output>): readonly Operation<Input, Output>[] {
  const { prng, operationCount, processCount, initial, drawInput, run, unknownProbability } = options;
  const turns = Array.from({ length: operationCount }, (_, turn) => ({ turn, line: prng.between(0, processCount - 1) }));
  const lives = Array.from({ length: processCount }, () => 0);
  const freeFrom = Array.from({ length: processCount }, () => 0);
  const operations: Operation<Input, Output>[] = [];
  let state = initial;
  for (const { turn, line } of turns) {
    const nextTurn = turns.find((each) => each.turn > turn && each.line === line)?.turn ?? operationCount;
    const input = drawInput(prng);
    const isUnknown = prng.chance(unknownProbability);
    const answered = isUnknown && prng.chance(0.5) ? { state, outcome: { kind: 'unknown' } as const } : run(state, input);
    state = answered.state;
    const called = fraction(prng, Math.max(freeFrom[line]!, turn - 3), turn);
    const returned = fraction(prng, turn, Math.min(nextTurn, turn + 3));
    freeFrom[line] = returned;
    const process = `${line}.${lives[line]}`;
    if (isUnknown) lives[line]! += 1;
    operations.push({
      process,
      input,
      outcome: isUnknown ? { kind: 'unknown' } : answered.outcome,
      called: { order: called, atMs: called },
      returned: isUnknown ? undefined : { order: returned, atMs: returned },
    });
  }
  return operations.toSorted((left, right) => left.called.order - right.called.order);
}

function fraction(prng: Prng, from: number, to: number): number {
  return from + prng.fraction() * (to - from);
}
