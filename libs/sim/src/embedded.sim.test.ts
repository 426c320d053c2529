import { seeds } from '@varve/testkit';
import { expect, test } from 'vitest';
import { PLANTED_BUGS } from './planted-bugs.ts';
import { runEmbedded, type EmbeddedRun } from './run-embedded.ts';

// Methodology: the embedded shape writes few cells from several sides while it is killed at random moments; after each
// restart every acknowledged value must be there, or one of a greater version. Then the same with bugs planted: each must
// be caught, else the checker is blind.
const SEED_COUNT = 200;

const runs: EmbeddedRun[] = [];

test(`W1, W2, V1: over ${SEED_COUNT} seeds no acknowledged value is lost, hidden or invented`, async () => {
  for (const seed of seeds(SEED_COUNT)) runs.push(await runEmbedded({ seed }));
  expect(runs.flatMap(({ seed, problems }) => problems.map((problem) => `seed ${seed}: ${problem}`))).toEqual([]);
});

test('crashes hit writes under way, flushes and trims', () => {
  const total = (what: keyof EmbeddedRun['interrupted']): number => runs.reduce((sum, run) => sum + run.interrupted[what], 0);
  const counts = { write: total('write'), flush: total('flush'), trim: total('trim') };
  process.stdout.write(`crashes that hit a write: ${counts.write}, a flush: ${counts.flush}, a trim: ${counts.trim}\n`);
  expect(Math.min(counts.write, counts.flush, counts.trim)).toBeGreaterThan(0);
});

test('the same seed gives the same trace', async () => {
  expect((await runEmbedded({ seed: 42 })).traceHash).toBe((await runEmbedded({ seed: 42 })).traceHash);
  expect((await runEmbedded({ seed: 43 })).traceHash).not.toBe((await runEmbedded({ seed: 42 })).traceHash);
});

test.each(Object.entries(PLANTED_BUGS))('the planted bug "%s" is caught', async (_name, filter) => {
  let caughtCount = 0;
  for (const seed of seeds(20)) if ((await runEmbedded({ seed, filter })).problems.length > 0) caughtCount += 1;
  expect(caughtCount).toBeGreaterThan(0);
});
