import { numbersOrNull, type ColumnForm } from './column-form.ts';
import type { FunctionDefinition } from './function-definition.ts';
import { withColumns } from './with-columns.ts';

const COLUMNS: ColumnForm = {
  numberCount: 1,
  hasTime: false,
  createPartial: () => {
    const counts: number[] = [];
    return {
      ...{ numbers: [counts], offsetsNs: [], countIsEnough: true },
      has: (slot) => counts[slot] !== undefined,
      add: (slot, { start, end }) => {
        counts[slot] = (counts[slot] ?? 0) + end - start;
      },
      addSummary: (slot, run) => {
        counts[slot] = (counts[slot] ?? 0) + run.count;
      },
    };
  },
  join: ({ numbers: [into] }, position, { numbers: [from] }, index) => {
    into![position] = Number(into![position]) + Number(from![index]);
  },
  answers: numbersOrNull,
};

/** How many values there are. */
export const count: FunctionDefinition = {
  argumentTypes: ['float', 'integer', 'string', 'boolean'],
  isSelector: false,
  resultType: () => 'integer',
  ...withColumns(() => COLUMNS),
};
