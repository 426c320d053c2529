import type { Clock } from '@varve/ports';
import { expect, test } from 'vitest';
import { inSlices, sliceRowCountOf } from './in-slices.ts';

test('stretches grow only when a flush is due, evenly up to the bound of memtables, and no further', () => {
  expect([0, 0.25, 0.5].map(sliceRowCountOf)).toEqual([4_000, 4_000, 4_000]);
  expect([0.75, 1, 1.5].map(sliceRowCountOf)).toEqual([8_000, 16_000, 16_000]);
});

test('everything is collected in its order, with a rest behind each slice, however much it was', async () => {
  const restsMs: number[] = [];
  const clock = { after: (afterMs: number, run: () => void) => (restsMs.push(afterMs), queueMicrotask(run), { cancel: () => undefined }) } as unknown as Clock;
  const asked: number[] = [];
  const slices = [['a', 'b'], [], ['c']];
  const collected = await inSlices(clock, () => asked.length + 1, (rowCountMax) => (asked.push(rowCountMax), slices.shift()));
  expect(collected).toEqual(['a', 'b', 'c']);
  expect(asked).toEqual([1, 2, 3, 4]);
  expect(restsMs).toEqual([1, 1, 1]);
});
