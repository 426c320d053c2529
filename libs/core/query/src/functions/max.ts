import { extremeColumns } from './extreme.ts';
import { compareTimes, compareValues, selector } from './selector.ts';

/** The greatest value; of equal ones the earliest. */
export const max = selector({
  argumentTypes: ['float', 'integer', 'boolean'],
  pick: ({ values }, start, end) => {
    let best = start;
    for (let index = start + 1; index < end; index += 1) if (values[index]! > values[best]!) best = index;
    return best;
  },
  untimed: extremeColumns({
    bestIn: (values, start, end) => {
      let best = values[start]!;
      for (let index = start + 1; index < end; index += 1) if (values[index]! > best) best = values[index]!;
      return best;
    },
    beats: (value, held) => value > held,
    bestOf: ({ summaries: { numbers }, at }) => numbers!.max[at]!,
  }),
  pickOf: ({ minOffsetNs, at }, { max, maxNs }) => ({ value: max[at]!, time: minOffsetNs + maxNs[at]! }),
  compare: (left, right) => compareValues(right.value, left.value) || compareTimes(left, right),
});
