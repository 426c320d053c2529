import { expect, test } from 'vitest';
import { RunStore } from './run-store.ts';

test('runs come back by slot in their order, cut; a run takes some bytes, not an object', () => {
  const store = new RunStore();
  const vectorOf = (length: number) => ({ type: 'float' as const, offsetsNs: new Float64Array(length), values: new Float64Array(length), rowIndexes: undefined });
  const [one, other] = [vectorOf(100_000), vectorOf(10)];
  for (let index = 0; index < 100_000; index += 1) store.add(index, { vector: one, start: index, end: index + 1, seriesKey: 'a', neighbours: () => [] });
  store.add(7, { vector: other, start: 2, end: 9, seriesKey: 'b', neighbours: () => [] });

  expect(store.partsOf(7, 3).map(({ seriesKey, start, end }) => [seriesKey, start, end])).toEqual([['a', 7, 8], ['b', 2, 5], ['b', 5, 8], ['b', 8, 9]]);
  expect(store.partsOf(100_000, 3)).toEqual([]);
  expect(store.sizeBytes / 100_001).toBeLessThan(64);
});
