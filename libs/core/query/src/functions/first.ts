import { compareTimes, compareValues, selector } from './selector.ts';

/** The earliest value; of several at that time the greatest. */
export const first = selector({
  argumentTypes: ['float', 'integer', 'string', 'boolean'],
  picksByTime: true,
  pick: (_vector, start) => start,
  pickOf: ({ minOffsetNs, summary }, { first }) => ({ value: first, time: minOffsetNs + summary.firstNs }),
  compare: (left, right) => compareTimes(left, right) || compareValues(right.value, left.value),
});
