import { compareTimes, compareValues, selector } from './selector.ts';

/** The latest value; of several at that time the greatest. */
export const last = selector({
  argumentTypes: ['float', 'integer', 'string', 'boolean'],
  picksByTime: true,
  pick: (_vector, _start, end) => end - 1,
  pickOf: ({ maxOffsetNs, summaries: { gaps }, at }, { last }) => ({ value: last[at]!, time: maxOffsetNs - (gaps?.[2][at] ?? 0) }),
  compare: (left, right) => compareTimes(right, left) || compareValues(right.value, left.value),
});
