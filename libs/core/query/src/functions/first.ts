import { compareTimes, compareValues, selector } from './selector.ts';

/** The earliest value; of several at that time the greatest. */
export const first = selector({
  argumentTypes: ['float', 'integer', 'string', 'boolean'],
  pick: (_vector, start) => start,
  compare: (left, right) => compareTimes(left, right) || compareValues(right.value, left.value),
});
