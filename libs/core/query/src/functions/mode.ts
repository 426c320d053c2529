import type { FunctionDefinition } from './function-definition.ts';
import { compareValues } from './selector.ts';
import { tallyingMerger, tallyingPartial } from './tally.ts';

/**
 * The value that appears most often; of several the one that appeared first, or true. Where all appear once: the least,
 * or true.
 */
export const mode: FunctionDefinition = {
  argumentTypes: ['float', 'integer', 'string', 'boolean'],
  isSelector: false,
  resultType: (type) => type,
  createPartial: tallyingPartial,
  createMerger: ({ type }) =>
    tallyingMerger((tallies) => {
      const most = tallies.reduce((count, tally) => Math.max(count, tally.count), 0);
      const sorted = tallies
        .filter(({ count }) => count === most)
        .sort((left, right) => (most > 1 ? Number(left.firstTime - right.firstTime) : 0) || compareValues(left.value, right.value));
      const value = type === 'boolean' ? sorted.some((tally) => tally.value === true) : sorted[0]!.value;
      return [{ value, timeNs: undefined, neighbours: [] }];
    }),
};
