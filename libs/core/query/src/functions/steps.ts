/** Work of which a step takes a few milliseconds; others may have a turn behind each. */
export type Steps<Result> = Generator<undefined, Result>;

/** Values that are looked at in one step. */
export const STEP_VALUE_COUNT = 16_384;

/** All steps in one go. */
export function finished<Result>(steps: Steps<Result>): Result {
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}

/** The numbers from 0 below `count`, sorted as `Array.sort` would, by merging. */
export function* sortedIndexes(count: number, compare: (left: number, right: number) => number, stepCount = STEP_VALUE_COUNT): Steps<Int32Array> {
  let [from, to] = [new Int32Array(count), new Int32Array(count)];
  for (let start = 0; start < count; start += stepCount) {
    const length = Math.min(stepCount, count - start);
    from.set(Array.from({ length }, (_, index) => start + index).sort(compare), start);
    if (count > stepCount) yield;
  }
  for (let width = stepCount; width < count; width *= 2) {
    for (let start = 0; start < count; start += 2 * width) yield* mergedPair({ from, to, compare, stepCount }, start, width);
    [from, to] = [to, from];
  }
  return from;
}

interface Merging {
  readonly from: Int32Array;
  readonly to: Int32Array;
  readonly compare: (left: number, right: number) => number;
  readonly stepCount: number;
}

/** Two sorted ranges that touch, `width` each or less at the end. */
function* mergedPair({ from, to, compare, stepCount }: Merging, start: number, width: number): Steps<undefined> {
  const middle = Math.min(start + width, from.length);
  const end = Math.min(middle + width, from.length);
  let [left, right] = [start, middle];
  for (let at = start; at < end; at += 1) {
    const isLeft = left < middle && (right >= end || compare(from[left]!, from[right]!) <= 0);
    to[at] = isLeft ? from[left++]! : from[right++]!;
    if ((at - start) % stepCount === stepCount - 1) yield;
  }
  return undefined;
}
