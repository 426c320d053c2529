import { expect, test } from 'vitest';
import { executingOwners } from './executing-owner.ts';

const view = (serving: readonly number[], alive: readonly number[]): Parameters<typeof executingOwners>[1] => ({
  isAlive: (node) => alive.includes(node),
  isServing: (node) => serving.includes(node),
});
const asked = (id: number, serving: readonly number[], alive: readonly number[], named?: number): readonly string[] =>
  executingOwners({ id, owners: [1, 2, 3] }, view(serving, alive), named).map(({ owner, mayJoin }) => `${owner}${mayJoin ? ' joining' : ''}`);

test('Q4: serving owners come first, then living ones, then silent ones', () => {
  expect(asked(0, [1, 2, 3], [1, 2, 3]).slice(0, 3)).toEqual(['1', '2', '3']);
  expect(asked(0, [3], [2, 3]).slice(0, 3)).toEqual(['3', '2', '1']);
});

test('Q4: shards begin at different owners, so that all nodes work', () => {
  expect([0, 1, 2, 3].map((id) => asked(id, [1, 2, 3], [1, 2, 3])[0])).toEqual(['1', '2', '3', '1']);
});

test('Q5: a joining owner is the last resort, and a silent one is not asked twice', () => {
  expect(asked(0, [], [1, 2])).toEqual(['1', '2', '3', '1 joining', '2 joining']);
});

test('Q6: a node that was named is asked alone, as it is', () => {
  expect(asked(0, [1, 2], [1, 2], 3)).toEqual(['3 joining']);
});
