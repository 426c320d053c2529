import type { Clock } from '@varve/ports';
import { expect, test } from 'vitest';
import { inSlices, sliceRowCountOf } from './in-slices.ts';

test('stretches grow only when a flush is due, evenly up to the bound of memtables, and no further', () => {
  expect([0, 0.25, 0.5].map(sliceRowCountOf)).toEqual([2_000, 2_000, 2_000]);
  expect([0.75, 1, 1.5].map(sliceRowCountOf)).toEqual([4_000, 8_000, 8_000]);
});

test('everything is collected in its order, each slice in a turn of its own', async () => {
  const steps: string[] = [];
  const clock = { turn: async (work: string) => void steps.push(work) } as unknown as Clock;
  const slices = [['a', 'b'], [], ['c']];
  const collected = await inSlices(clock, () => steps.length, (rowCountMax) => (steps.push(`slice of ${rowCountMax}`), slices.shift()));
  expect(collected).toEqual(['a', 'b', 'c']);
  expect(steps).toEqual(['upkeep', 'slice of 1', 'upkeep', 'slice of 3', 'upkeep', 'slice of 5', 'upkeep', 'slice of 7']);
});
