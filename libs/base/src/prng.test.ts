import { expect, test } from 'vitest';
import { Prng } from './prng.ts';

test('the same seed gives the same sequence, another seed another one', () => {
  const draw = (seed: number): number[] => {
    const prng = new Prng(seed);
    return Array.from({ length: 5 }, () => prng.uint32());
  };
  expect(draw(42)).toEqual(draw(42));
  expect(draw(42)).not.toEqual(draw(43));
});

test('between includes both of its ends', () => {
  const prng = new Prng(1);
  const drawn = new Set(Array.from({ length: 200 }, () => prng.between(3, 5)));
  expect([...drawn].sort()).toEqual([3, 4, 5]);
});
