import { seeds } from '@varve/testkit';
import { expect, test } from 'vitest';
import { runRaft } from './run-raft.ts';
import { PLANTED_RAFT_BUGS, plantRaftBug } from './testing/planted-raft-bugs.ts';

const SEED_COUNT_MAX = 5_000;

test('D03: there are enough of them', () => {
  expect(Object.keys(PLANTED_RAFT_BUGS).length).toBeGreaterThanOrEqual(25);
});

test.each(Object.entries(PLANTED_RAFT_BUGS))('D03: a simulation that is not blind finds: %s', async (name, { hint }) => {
  const underTest = await plantRaftBug(name);
  const isFound = [hint, ...seeds(SEED_COUNT_MAX)].some((seed) => runRaft({ seed, underTest }).problems.length > 0);
  expect(isFound).toBe(true);
});
