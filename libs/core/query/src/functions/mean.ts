import { FloatSum } from '@varve/base';
import type { ColumnForm } from './column-form.ts';
import { floatSumPartial, joinFloatSums } from './float-sums.ts';
import type { FunctionDefinition } from './function-definition.ts';
import { withColumns } from './with-columns.ts';

/** The state is a count, and a sum with what it lacks. */
const COLUMNS: ColumnForm = {
  numberCount: 3,
  hasTime: false,
  createPartial: () => {
    const counts: number[] = [];
    const { numbers, add, addSummary, ...sums } = floatSumPartial();
    return {
      ...sums,
      numbers: [counts, ...numbers],
      add: (slot, run) => {
        add(slot, run);
        counts[slot] = (counts[slot] ?? 0) + run.end - run.start;
      },
      addSummary: (slot, run) => {
        addSummary!(slot, run);
        counts[slot] = (counts[slot] ?? 0) + run.count;
      },
    };
  },
  join: ({ numbers: [counts, sums, rests] }, position, { numbers: [fromCounts, fromSums, fromRests] }, index) => {
    counts![position] = Number(counts![position]) + Number(fromCounts![index]);
    joinFloatSums([sums!, rests!], position, [fromSums!, fromRests!], index);
  },
  answers: ({ has, numbers: [counts, sums, rests] }) => {
    const total = new FloatSum();
    return counts!.map((count, window) => (has[window] === 1 ? total.set(sums![window] as number, rests![window] as number).total / Number(count) : null));
  },
};

/** The arithmetic mean, always a float. */
export const mean: FunctionDefinition = {
  argumentTypes: ['float', 'integer'],
  isSelector: false,
  resultType: () => 'float',
  ...withColumns(() => COLUMNS),
};
