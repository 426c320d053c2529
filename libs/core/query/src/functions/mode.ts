import type { FunctionDefinition, FunctionResult } from './function-definition.ts';
import { compareValues } from './selector.ts';
import { STEP_VALUE_COUNT, type Steps } from './steps.ts';
import { tallyingMerger, tallyingPartial, type Tallies } from './tally.ts';

/**
 * The value that appears most often; of several the one that appeared first, or true. Where all appear once: the least,
 * or true.
 */
export const mode: FunctionDefinition = {
  argumentTypes: ['float', 'integer', 'string', 'boolean'],
  isSelector: false,
  resultType: (type) => type,
  createPartial: tallyingPartial,
  createMerger: (options) => tallyingMerger(options, (tallies) => mostFrequent(tallies, options.type === 'boolean')),
};

function* mostFrequent(tallies: Tallies, isBoolean: boolean): Steps<readonly FunctionResult[]> {
  let best = 0;
  let [mostCount, isTrue] = [0, false];
  for (let index = 0; index < tallies.length; index += 1) {
    const count = tallies.countOf(index);
    if (count > mostCount || (count === mostCount && isBefore(tallies, index, best))) best = index;
    isTrue = (isTrue && count <= mostCount) || (isBoolean && count >= mostCount && tallies.valueOf(index) === true);
    mostCount = Math.max(mostCount, count);
    if (index % STEP_VALUE_COUNT === STEP_VALUE_COUNT - 1) yield;
  }
  return [{ value: isBoolean ? isTrue : tallies.valueOf(best), timeNs: undefined, neighbours: [] }];
}

/** Of two that appear equally often. */
function isBefore(tallies: Tallies, index: number, other: number): boolean {
  const order = tallies.countOf(index) > 1 ? tallies.compareTimes(index, other) : 0;
  return (order || compareValues(tallies.valueOf(index), tallies.valueOf(other))) < 0;
}
