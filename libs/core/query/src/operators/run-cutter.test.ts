import { expect, test } from 'vitest';
import { WindowGrid } from '../plan/window-grid.ts';
import { firstAtOrAfter, RunCutter } from './run-cutter.ts';
import { WindowSlots } from './window-slots.ts';

const TEN_NS = new WindowGrid({ everyNs: 10n, offsetNs: 0n, shifts: [] }, 0n);

test('times are cut where windows end, however many there are', () => {
  const cutter = new RunCutter(TEN_NS);
  const check = (times: readonly number[], [start, end]: readonly [number, number], expected: readonly (readonly [first: number, end: number, slot: number])[]): void => {
    const { count, starts, slots } = cutter.cut(Float64Array.from(times), start, end, new WindowSlots(5_000));
    expect(Array.from({ length: count }, (_, run) => [starts[run], starts[run + 1], slots[run]])).toEqual(expected);
  };

  check([], [0, 0], []);
  check([1, 9, 10, 35, 36], [0, 5], [[0, 2, 0], [2, 3, 1], [3, 5, 2]]);
  check([1, 9, 10, 35, 36], [1, 4], [[1, 2, 0], [2, 3, 1], [3, 4, 2]]);
  check(Array.from({ length: 3_000 }, (_, index) => index * 10), [0, 3_000], Array.from({ length: 3_000 }, (_, index) => [index, index + 1, index] as const));
});

test('the first time that is not before a bound is found among some of them', () => {
  const times = Float64Array.of(1, 3, 5, 7, 9, 11, 13);
  const check = (start: number, end: number, bound: number, expected: number): void => expect(firstAtOrAfter(times, start, end, bound), `${bound} in [${start}, ${end})`).toBe(expected);

  for (let start = 0; start <= times.length; start += 1) {
    for (let end = start; end <= times.length; end += 1) {
      for (let bound = 0; bound < 15; bound += 1) check(start, end, bound, start + times.subarray(start, end).filter((time) => time < bound).length);
    }
  }
});
