import { extremeColumns } from './extreme.ts';
import { compareTimes, compareValues, selector } from './selector.ts';

/** The least value; of equal ones the earliest. */
export const min = selector({
  argumentTypes: ['float', 'integer', 'boolean'],
  pick: ({ values }, start, end) => {
    let best = start;
    for (let index = start + 1; index < end; index += 1) if (values[index]! < values[best]!) best = index;
    return best;
  },
  untimed: extremeColumns({
    bestIn: (values, start, end) => {
      let best = values[start]!;
      for (let index = start + 1; index < end; index += 1) if (values[index]! < best) best = values[index]!;
      return best;
    },
    beats: (value, held) => value < held,
    bestOf: ({ summaries: { numbers }, at }) => numbers!.min[at]!,
  }),
  pickOf: ({ minOffsetNs, at }, { min, minNs }) => ({ value: min[at]!, time: minOffsetNs + minNs[at]! }),
  compare: (left, right) => compareValues(left.value, right.value) || compareTimes(left, right),
});
