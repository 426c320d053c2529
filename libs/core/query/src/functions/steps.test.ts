import { Prng } from '@varve/base';
import { expect, test } from 'vitest';
import { finished, sortedIndexes } from './steps.ts';

test('indexes are sorted by merging as by one sort, in steps of a few looks', () => {
  const prng = new Prng(5);
  for (const count of [0, 1, 7, 8, 9, 63, 64, 65, 500]) {
    const keys = Array.from({ length: count }, () => prng.between(0, 20));
    let lookCount = 0;
    const compare = (left: number, right: number): number => {
      lookCount += 1;
      return keys[left]! - keys[right]!;
    };
    const expected = keys.map((_key, index) => index).sort((left, right) => keys[left]! - keys[right]!);
    expect([...finished(sortedIndexes(count, compare, 8))]).toEqual(expected);

    const steps = sortedIndexes(count, compare, 8);
    for (let isDone: boolean | undefined = false; isDone !== true; ) {
      lookCount = 0;
      isDone = steps.next().done;
      expect(lookCount).toBeLessThanOrEqual(40);
    }
  }
});
