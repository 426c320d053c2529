import { expect, test } from 'vitest';
import { Scratch } from './scratch.ts';

test('a scratch gives as many numbers as are asked for, and the same ones to all', () => {
  const scratch = new Scratch();
  const lengths = [0, 1, 1_024, 1_025, 5_000, 3];
  expect(lengths.map((length) => scratch.take(length).length)).toEqual(lengths);
  scratch.take(5_000).fill(7);
  expect(scratch.take(4_999).every((value) => value === 7)).toBe(true);
  expect(new Scratch().take(10).buffer).not.toBe(scratch.take(10).buffer);
});
