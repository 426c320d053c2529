import { compareTimes, compareValues, selector } from './selector.ts';

/** The earliest value; of several at that time the greatest, but false rather than true. */
export const first = selector({
  argumentTypes: ['float', 'integer', 'string', 'boolean'],
  picksByTime: true,
  pick: (_vector, start) => start,
  pickOf: ({ minOffsetNs, summaries: { gaps }, at }, { first }) => ({ value: first[at]!, time: minOffsetNs + (gaps?.[1][at] ?? 0) }),
  compare: (left, right) => compareTimes(left, right) || (typeof left.value === 'boolean' ? compareValues(left.value, right.value) : compareValues(right.value, left.value)),
});
