import type { FunctionDefinition } from './function-definition.ts';

/** How many values there are. */
export const count: FunctionDefinition = {
  argumentTypes: ['float', 'integer', 'string', 'boolean'],
  isSelector: false,
  resultType: () => 'integer',
  createPartial: () => {
    const counts: number[] = [];
    return {
      add: (slot, run) => {
        counts[slot] = (counts[slot] ?? 0) + run.end - run.start;
      },
      addSummary: (slot, run) => {
        counts[slot] = (counts[slot] ?? 0) + run.count;
      },
      countIsEnough: true,
      partCount: (slot) => (counts[slot] === undefined ? 0 : 1),
      encode: (slot, _part, writer) => writer.varint(counts[slot]!),
    };
  },
  createMerger: () => {
    let total = 0;
    return {
      reset: () => {
        total = 0;
      },
      merge: (reader) => {
        total += reader.varint();
      },
      results: () => (total === 0 ? [] : [{ value: total, timeNs: undefined, neighbours: [] }]),
    };
  },
};
