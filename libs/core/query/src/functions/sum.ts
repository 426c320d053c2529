import { FloatSum } from '@varve/base';
import { NO_OFFSETS, numbersOrNull, type ColumnForm, type NumberPartial, type StateNumbers } from './column-form.ts';
import { addExact, addExactRange } from './exact-sum.ts';
import { FloatSums, joinFloatSums } from './float-sums.ts';
import type { FunctionDefinition } from './function-definition.ts';
import type { Runs, SummaryRun } from './run.ts';
import { withColumns } from './with-columns.ts';

/** The state is a sum and what it lacks. */
const FLOATS: ColumnForm = {
  numberCount: 2,
  hasTime: false,
  createPartial: () => new FloatSums(),
  join: ({ numbers: [sums, rests] }, position, { numbers: [fromSums, fromRests] }, index) => joinFloatSums([sums!, rests!], position, [fromSums!, fromRests!], index),
  answers: ({ has, numbers: [sums, rests] }) => {
    const total = new FloatSum();
    return sums!.map((sum, window) => (has[window] === 1 ? total.set(sum as number, rests![window] as number).total : null));
  },
};

class IntegerSums implements NumberPartial {
  readonly #sums: StateNumbers = [];
  readonly numbers = [this.#sums];
  readonly offsetsNs = NO_OFFSETS;

  has(slot: number): boolean {
    return this.#sums[slot] !== undefined;
  }

  add({ vector, count, starts, slots }: Runs): void {
    const values = vector.values as Float64Array | BigInt64Array;
    for (let run = 0; run < count; run += 1) this.#add(slots[run]!, addExactRange(values, starts[run]!, starts[run + 1]!));
  }

  addSummary(slot: number, { summaries: { numbers }, at }: SummaryRun): void {
    this.#add(slot, numbers!.sum[at]!);
  }

  #add(slot: number, sum: number | bigint): void {
    this.#sums[slot] = addExact(this.#sums[slot] ?? 0, sum);
  }
}

/** The state is the sum. */
const INTEGERS: ColumnForm = {
  numberCount: 1,
  hasTime: false,
  createPartial: () => new IntegerSums(),
  join: ({ numbers: [into] }, position, { numbers: [from] }, index) => {
    into![position] = addExact(into![position]!, from![index]!);
  },
  answers: numbersOrNull,
};

/** The sum. Of integers it is an exact integer that wraps around at 64 bits; of floats it is rounded once. */
export const sum: FunctionDefinition = {
  argumentTypes: ['float', 'integer'],
  isSelector: false,
  resultType: (type) => type,
  ...withColumns((type) => (type === 'integer' ? INTEGERS : FLOATS)),
};
