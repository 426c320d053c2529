import { FloatSum } from '@varve/base';
import { numbersOrNull, type ColumnForm, type StateNumbers } from './column-form.ts';
import { addExact, addExactRange } from './exact-sum.ts';
import { floatSumPartial, joinFloatSums } from './float-sums.ts';
import type { FunctionDefinition } from './function-definition.ts';
import { withColumns } from './with-columns.ts';

/** The state is a sum and what it lacks. */
const FLOATS: ColumnForm = {
  numberCount: 2,
  hasTime: false,
  createPartial: floatSumPartial,
  join: ({ numbers: [sums, rests] }, position, { numbers: [fromSums, fromRests] }, index) => joinFloatSums([sums!, rests!], position, [fromSums!, fromRests!], index),
  answers: ({ has, numbers: [sums, rests] }) => {
    const total = new FloatSum();
    return sums!.map((sum, window) => (has[window] === 1 ? total.set(sum as number, rests![window] as number).total : null));
  },
};

/** The state is the sum. */
const INTEGERS: ColumnForm = {
  numberCount: 1,
  hasTime: false,
  createPartial: () => {
    const sums: StateNumbers = [];
    const add = (slot: number, sum: number | bigint): void => {
      sums[slot] = addExact(sums[slot] ?? 0, sum);
    };
    return {
      ...{ numbers: [sums], offsetsNs: [] },
      has: (slot) => sums[slot] !== undefined,
      add: (slot, { vector: { values }, start, end }) => add(slot, addExactRange(values as Float64Array | BigInt64Array, start, end)),
      addSummary: (slot, { summary: { numbers } }) => add(slot, numbers!.sum),
    };
  },
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
