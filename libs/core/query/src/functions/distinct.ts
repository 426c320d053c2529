import type { FunctionDefinition, FunctionResult } from './function-definition.ts';
import { compareValues } from './selector.ts';
import { sortedIndexes, STEP_VALUE_COUNT, type Steps } from './steps.ts';
import { tallyingMerger, tallyingPartial, type Tallies } from './tally.ts';

/** Each different value once, in order of first appearance, or of the last one under ORDER BY time DESC, as InfluxDB has it; those that appear together by value. */
export const distinct: FunctionDefinition = {
  argumentTypes: ['float', 'integer', 'string', 'boolean'],
  isSelector: false,
  hasOwnRows: true,
  resultType: (type) => type,
  createPartial: tallyingPartial,
  createMerger: (options) => tallyingMerger(options, eachOf),
};

/** How many different values there are: `count(distinct(x))`. */
export const countDistinct: FunctionDefinition = {
  argumentTypes: distinct.argumentTypes,
  isSelector: false,
  resultType: () => 'integer',
  createPartial: tallyingPartial,
  createMerger: (options) => tallyingMerger(options, numberOf),
};

function* eachOf(tallies: Tallies): Steps<readonly FunctionResult[]> {
  const order = yield* sortedIndexes(tallies.length, (left, right) => tallies.compareTimes(left, right) || compareValues(tallies.valueOf(left), tallies.valueOf(right)));
  const results: FunctionResult[] = [];
  for (const index of order) {
    results.push({ value: tallies.valueOf(index), timeNs: undefined, neighbours: [] });
    if (results.length % STEP_VALUE_COUNT === 0) yield;
  }
  return results;
}

function* numberOf({ length }: Tallies): Steps<readonly FunctionResult[]> {
  return [{ value: length, timeNs: undefined, neighbours: [] }];
}
