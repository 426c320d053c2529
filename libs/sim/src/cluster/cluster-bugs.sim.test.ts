import { seeds } from '@varve/testkit';
import { expect, test } from 'vitest';
import { PLANTED_CLUSTER_BUGS } from './planted-cluster-bugs.ts';
import { runCluster } from './run-cluster.ts';

// Each planted mistake must be caught, else the checks of cluster.sim.test.ts are blind to it.
const SEED_COUNT = 200;

test.each(Object.entries(PLANTED_CLUSTER_BUGS))(`caught within ${SEED_COUNT} seeds: %s`, async (name, seams) => {
  for (const seed of seeds(SEED_COUNT)) {
    const { problems } = await runCluster({ seed, seams: seams() });
    if (problems.length === 0) continue;
    process.stdout.write(`${name}: seed ${seed}: ${problems[0]}\n`);
    return;
  }
  expect.unreachable(`no seed of ${SEED_COUNT} showed it`);
});
