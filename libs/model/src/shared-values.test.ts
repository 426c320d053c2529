import { expect, test } from 'vitest';
import { sharedOwners, sharedRange } from './shared-values.ts';

test('equal ranges and equal owners are one object, others are what was given', () => {
  const range = { startNs: 1n, endNs: 5n };
  const shared = sharedRange(range);
  expect(shared).toEqual(range);
  expect(sharedRange({ startNs: 1n, endNs: 5n })).toBe(shared);
  expect(sharedRange({ startNs: 1n, endNs: 4n })).toEqual({ startNs: 1n, endNs: 4n });
  expect(sharedRange({ startNs: -1n, endNs: 5n })).toEqual({ startNs: -1n, endNs: 5n });

  const owners = sharedOwners([1, 2, 3]);
  expect(owners).toEqual([1, 2, 3]);
  expect(sharedOwners([1, 2, 3])).toBe(owners);
  for (const other of [[], [1, 3, 2], [12, 3], [1, 2]]) expect(sharedOwners(other)).toEqual(other);
});

test('whoever gave owners away and changes them changes no shared ones', () => {
  const mine = [7, 8];
  const shared = sharedOwners(mine);
  mine.push(9);
  expect(shared).toEqual([7, 8]);
  expect(sharedOwners([7, 8])).toEqual([7, 8]);
});

test('more values than are kept stay right', () => {
  for (let round = 0; round < 2; round += 1) {
    for (let each = 0n; each < 10_000n; each += 1n) {
      expect(sharedRange({ startNs: each, endNs: each + 1n })).toEqual({ startNs: each, endNs: each + 1n });
      expect(sharedOwners([Number(each)])).toEqual([Number(each)]);
    }
  }
});
