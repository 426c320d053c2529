import { seeds } from '@varve/testkit';
import { expect, test } from 'vitest';
import { withStaleCopies } from './planted-cluster-bugs.ts';
import { runCluster, type ClusterCounts, type ClusterRun } from './run-cluster.ts';

// Methodology: nine simulated processes with the real services in them, writers at all levels through both coordinators, and
// a network that loses, doubles, reorders and delays, on machines whose clocks differ. Processes are killed, paused, cut off
// and partitioned. Acks are held against the disks at once; at the end all replicas must be equal and miss nothing. The
// planted mistakes in cluster-bugs.sim.test.ts show that this looks closely enough.
const SEED_COUNT = 200;
const SEEDS_PER_TEST = 25;

const runs: ClusterRun[] = [];

const firstSeeds = Array.from({ length: SEED_COUNT / SEEDS_PER_TEST }, (_, index) => 1 + index * SEEDS_PER_TEST);

test.each(firstSeeds)(`W1, W2, W5, V1, X4–X19, H1–H10: over ${SEEDS_PER_TEST} seeds from %i on nothing acknowledged is lost and all replicas become equal`, async (first) => {
  const ran: ClusterRun[] = [];
  for (const seed of seeds(SEEDS_PER_TEST, first)) ran.push(await runCluster({ seed, seams: { coordinatorBus: withStaleCopies } }));
  runs.push(...ran);
  expect(ran.flatMap(({ seed, problems }) => problems.map((problem) => `seed ${seed}: ${problem}`))).toEqual([]);
});

test('every kind of trouble was met, and every way of mending it was taken', () => {
  const kinds = Object.keys(runs[0]!.counts) as (keyof ClusterCounts)[];
  const totals = Object.fromEntries(kinds.map((kind) => [kind, runs.reduce((sum, { counts }) => sum + counts[kind], 0)]));
  process.stdout.write(`over ${runs.length} seeds: ${Object.entries(totals).map(([kind, total]) => `${kind} ${total}`).join(', ')}\n`);
  expect(Object.entries(totals).filter(([, total]) => total === 0)).toEqual([]);
});

test('the same seed gives the same trace', async () => {
  const again = await runCluster({ seed: 1, seams: { coordinatorBus: withStaleCopies } });
  expect(again.traceHash).toBe(runs[0]!.traceHash);
  expect(runs[1]!.traceHash).not.toBe(again.traceHash);
});
