import type { NumberIntervals } from '@varve/model';

/** Numbers in either. Both, and the result: half-open, ascending, disjoint, not touching. */
export function unite(left: NumberIntervals, right: NumberIntervals): NumberIntervals {
  const united: [first: number, end: number][] = [];
  for (const [first, end] of [...left, ...right].sort((one, other) => one[0] - other[0])) {
    const last = united.at(-1);
    if (last !== undefined && first <= last[1]) last[1] = Math.max(last[1], end);
    else united.push([first, end]);
  }
  return united;
}

/** Numbers in `from` that are not in `what`. */
export function subtract(from: NumberIntervals, what: NumberIntervals): NumberIntervals {
  const left: (readonly [first: number, end: number])[] = [];
  let at = 0;
  for (const [first, end] of from) {
    let start = first;
    // An interval that reaches beyond this one may cover a part of the next one, too: it is not passed over.
    while (at < what.length && what[at]![1] <= start) at += 1;
    for (let next = at; next < what.length && what[next]![0] < end; next += 1) {
      if (what[next]![0] > start) left.push([start, what[next]![0]]);
      start = Math.max(start, what[next]![1]);
    }
    if (start < end) left.push([start, end]);
  }
  return left;
}

/** Numbers in both. */
export function intersect(left: NumberIntervals, right: NumberIntervals): NumberIntervals {
  return subtract(left, subtract(left, right));
}

/** How many numbers these are. */
export function countOf(intervals: NumberIntervals): number {
  return intervals.reduce((sum, [first, end]) => sum + end - first, 0);
}
