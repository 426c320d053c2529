import { expect, test } from 'vitest';
import { ChangeRing } from './change-ring.ts';

/** A ring behind index 10 with changes of four bytes at these indexes. */
function ringOf(indexes: readonly number[], bounds = { countMax: 3, sizeBytesMax: 1_000 }): ChangeRing {
  const ring = new ChangeRing(10, bounds);
  for (const index of indexes) ring.push({ index, bytes: new Uint8Array(4).fill(index) });
  return ring;
}

/** Indexes of the changes behind one; undefined when some are forgotten. */
function indexesAfter(ring: ChangeRing, index: number): string | undefined {
  return ring.after(index)?.filter((_, at) => at % 4 === 0).join();
}

test('what is behind an index is handed out in order, as far as the ring reaches back', () => {
  const check = (indexes: readonly number[], after: number, expected: string | undefined): void => {
    expect(indexesAfter(ringOf(indexes), after)).toBe(expected);
  };
  check([], 9, undefined);
  check([], 10, '');
  check([11, 14], 9, undefined);
  check([11, 14], 10, '11,14');
  check([11, 14], 12, '14');
  check([11, 14], 99, '');
});

test('F9: the oldest are forgotten beyond the count and beyond the bytes', () => {
  const counted = ringOf([11, 12, 13, 14, 15, 16, 17, 18, 19]);
  expect([counted.afterIndex, indexesAfter(counted, 16), indexesAfter(counted, 15)]).toEqual([16, '17,18,19', undefined]);
  const weighed = ringOf([11, 12, 13], { countMax: 100, sizeBytesMax: 8 });
  expect([weighed.afterIndex, weighed.sizeBytes, indexesAfter(weighed, 11)]).toEqual([11, 8, '12,13']);
});

test('a restarted ring reaches back to where it was restarted', () => {
  const ring = ringOf([11, 12]);
  ring.restart(20);
  expect([indexesAfter(ring, 19), indexesAfter(ring, 20), ring.sizeBytes]).toEqual([undefined, '', 0]);
  ring.push({ index: 21, bytes: new Uint8Array(4).fill(21) });
  expect(indexesAfter(ring, 20)).toBe('21');
});
