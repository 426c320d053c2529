import { collectingMerger, collectingPartial } from './collected.ts';
import type { FunctionDefinition } from './function-definition.ts';

/** The value at a rank of the sorted values; it is one of them (nearest rank), or no answer where the rank is outside. */
export const percentile: FunctionDefinition = {
  argumentTypes: ['float', 'integer'],
  isSelector: true,
  resultType: (type) => type,
  createPartial: collectingPartial,
  createMerger: (options) =>
    collectingMerger(options, (points) => {
      const rank = Math.floor((points.count * (options.parameter ?? 0)) / 100 + 0.5) - 1;
      const picked = points.at(rank);
      return picked === undefined ? [] : [picked];
    }),
};
