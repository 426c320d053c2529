import type { FunctionDefinition } from './function-definition.ts';
import { compareValues } from './selector.ts';
import { tallyingMerger, tallyingPartial } from './tally.ts';

/** Each different value once, in order of first appearance; those that appear together by value. */
export const distinct: FunctionDefinition = {
  argumentTypes: ['float', 'integer', 'string', 'boolean'],
  isSelector: false,
  hasOwnRows: true,
  resultType: (type) => type,
  createPartial: tallyingPartial,
  createMerger: (options) =>
    tallyingMerger(options, (tallies) =>
      Array.from({ length: tallies.length }, (_tally, index) => index)
        .sort((left, right) => tallies.compareTimes(left, right) || compareValues(tallies.valueOf(left), tallies.valueOf(right)))
        .map((index) => ({ value: tallies.valueOf(index), timeNs: undefined, neighbours: [] })),
    ),
};

/** How many different values there are: `count(distinct(x))`. */
export const countDistinct: FunctionDefinition = {
  argumentTypes: distinct.argumentTypes,
  isSelector: false,
  resultType: () => 'integer',
  createPartial: tallyingPartial,
  createMerger: (options) => tallyingMerger(options, (tallies) => [{ value: tallies.length, timeNs: undefined, neighbours: [] }]),
};
