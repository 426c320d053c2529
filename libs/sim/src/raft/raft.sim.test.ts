import { seeds } from '@varve/testkit';
import { expect, test } from 'vitest';
import { RAFT_EVENTS, RAFT_FAULTS, totalOf, type RaftCounts } from './raft-tally.ts';
import { runRaft } from './run-raft.ts';

const BATCH_SEED_COUNT = 250;
const totals: RaftCounts[] = [];

test.each(seeds(8, 0))('I1 to I17 hold at every step under all faults: batch %i', (batch) => {
  const runs = seeds(BATCH_SEED_COUNT, 1 + batch * BATCH_SEED_COUNT).map((seed) => runRaft({ seed }));
  totals.push(totalOf(runs.map(({ counts }) => counts)));
  expect(runs.filter(({ problems }) => problems.length > 0).map(({ seed, problems }) => ({ seed, problem: problems[0] }))).toEqual([]);
});

test('every fault has happened, and everything has been asked for', () => {
  const total = totalOf(totals);
  expect([...RAFT_FAULTS, ...RAFT_EVENTS].filter((name) => total[name] === 0)).toEqual([]);
});

test('D01: the same seed is the same run', () => {
  const sample = seeds(100, 1).map((seed) => seed * 19);
  const hashes = (): readonly string[] => sample.map((seed) => runRaft({ seed }).traceHash);
  const first = hashes();
  expect(hashes()).toEqual(first);
  expect(new Set(first).size).toBe(first.length);
});
