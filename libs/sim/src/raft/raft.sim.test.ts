import { seeds } from '@varve/testkit';
import { expect, test } from 'vitest';
import { runRaft, type RaftRun } from './run-raft.ts';
import { PLANTED_RAFT_BUGS, plantRaftBug } from './testing/planted-raft-bugs.ts';

test.each([3, 5])('S1 to S13 hold for %i peers under all faults', (peerCount) => {
  const runs = seeds(250).map((seed) => ({ seed, ...runRaft({ seed, peerCount }) }));
  expect(runs.filter(({ problems }) => problems.length > 0)).toEqual([]);
  const names = Object.keys(runs[0]!.counts) as (keyof RaftRun['counts'])[];
  const totals = names.map((name) => ({ name, total: runs.reduce((total, { counts }) => total + counts[name], 0) }));
  expect(totals.filter(({ total }) => total === 0), 'faults that never happened').toEqual([]);
});

test('the same seed is the same run', () => {
  const hashes = [7, 7, 8].map((seed) => runRaft({ seed, peerCount: 3 }).traceHash);
  expect(hashes[0]).toBe(hashes[1]);
  expect(hashes[0]).not.toBe(hashes[2]);
});

test.each(Object.keys(PLANTED_RAFT_BUGS))('a simulation that is not blind finds: %s', async (bug) => {
  const RaftClass = await plantRaftBug(bug);
  const isFound = seeds(300).some((seed) => [3, 5].some((peerCount) => runRaft({ seed, peerCount, RaftClass }).problems.length > 0));
  expect(isFound).toBe(true);
});
