import { expect, test } from 'vitest';
import { finished } from '../functions/steps.ts';
import { WindowSlots } from './window-slots.ts';

test('slots are numbered as windows appear, in whatever order, and come out in the order of windows', () => {
  const check = (windows: readonly number[]): void => {
    const slots = new WindowSlots(100);
    const first = [...new Set(windows)];
    for (const window of windows) expect(slots.slotOf(window), `window ${window} of ${windows.join()}`).toBe(first.indexOf(window));
    const ascending = first.toSorted((left, right) => left - right);
    for (const [isDescending, expected] of [[false, ascending], [true, ascending.toReversed()]] as const) {
      const order = finished(slots.inOrder(isDescending));
      expect(order.windows).toEqual(expected);
      expect(order.slots).toEqual(expected.map((window) => first.indexOf(window)));
    }
  };

  check([]);
  check([7]);
  check([3, 3, 4, 9, 9, 3, 4, 9]); // series by series
  check([5, 6, 7, 1, 2, 3, 6, 8, 2, 10, 5]); // the second series begins before the first one
  check([4, 2, 3, 2, 5, 4, 1, 6, 3]);
});

test('QC4: more windows than a series may have are refused', () => {
  const slots = new WindowSlots(2);
  expect([slots.slotOf(1), slots.slotOf(5), slots.slotOf(1)]).toEqual([0, 1, 0]);
  expect(() => slots.slotOf(3)).toThrow(expect.objectContaining({ code: 'QUERY_LIMIT' }) as Error);
});
