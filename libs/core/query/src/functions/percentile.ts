import { collectingMerger, collectingPartial } from './collected.ts';
import type { FunctionDefinition } from './function-definition.ts';

/** The value at a rank of the sorted values; it is one of them (nearest rank), or no answer where the rank is outside. */
export const percentile: FunctionDefinition = {
  argumentTypes: ['float', 'integer'],
  isSelector: true,
  resultType: (type) => type,
  createPartial: collectingPartial,
  createMerger: (options) =>
    collectingMerger(options, (ranked) => {
      const rank = Math.floor((ranked.length * (options.parameter ?? 0)) / 100 + 0.5) - 1;
      const picked = ranked.at(rank);
      return picked === undefined ? [] : [picked];
    }),
};
