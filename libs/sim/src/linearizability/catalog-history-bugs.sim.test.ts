import { seeds } from '@varve/testkit';
import { expect, test } from 'vitest';
import { runCatalogHistory, type CatalogHistoryOptions } from './run-catalog-history.ts';
import { PLANTED_META_BUGS, plantMetaBug } from './testing/planted-meta-bugs.ts';

// Each mistake must make some history that no order explains, else the checks of catalog-history.sim.test.ts are blind to it.
const SEED_COUNT = 400;

async function firstFound(name: string, options: Omit<CatalogHistoryOptions, 'seed'>): Promise<void> {
  for (const seed of seeds(SEED_COUNT)) {
    const { verdict } = await runCatalogHistory({ seed, ...options });
    if (verdict.kind !== 'notLinearizable') continue;
    process.stdout.write(`${name}: seed ${seed}: ${verdict.text.split('\n')[0]}\n`);
    return;
  }
  expect.unreachable(`no seed of ${SEED_COUNT} showed it`);
}

test.each(Object.keys(PLANTED_META_BUGS))('Z13: caught: %s', async (name) => {
  await firstFound(name, { createService: await plantMetaBug(name) });
});

test('Z13: caught: a client reads the copy that it has, as services do on purpose', async () => {
  await firstFound('old copy', { read: async (follower) => follower.catalog });
});
