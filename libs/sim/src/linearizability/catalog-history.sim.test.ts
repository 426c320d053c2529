import { seeds } from '@varve/testkit';
import { expect, test } from 'vitest';
import { runCatalogHistory, type CatalogHistoryCounts } from './run-catalog-history.ts';

// Methodology: docs/specs/linearizability.md. A seed is a meta group under faults, some clients, and the history of what they asked
// for and heard. What was not decided within the bound counts as a failure.
const SEED_COUNT = 500;

test(`Z8 to Z12: the histories of ${SEED_COUNT} seeds are linearizable`, async () => {
  const totals = new Map<string, number>();
  for (const seed of seeds(SEED_COUNT)) {
    const { verdict, counts, problems } = await runCatalogHistory({ seed });
    expect(verdict.kind === 'notLinearizable' ? verdict.text : verdict.kind, `seed ${seed}`).toBe('linearizable');
    expect(problems, `seed ${seed}`).toEqual([]);
    for (const [name, count] of Object.entries(counts)) totals.set(name, (totals.get(name) ?? 0) + count);
    totals.set('steps', Math.max(totals.get('steps') ?? 0, verdict.stepCount));
  }
  console.info(Object.fromEntries(totals));
  expect([...totals].filter(([, total]) => total === 0), 'what never happened').toEqual([]);
  const answered = totals.get('ok' satisfies keyof CatalogHistoryCounts)!;
  expect(answered, 'answers').toBeGreaterThan(40 * SEED_COUNT);
});

test('Z14: the same seed gives the same history and the same trace', async () => {
  const hashes: string[] = [];
  for (const seed of seeds(8)) {
    const [first, second] = [await runCatalogHistory({ seed }), await runCatalogHistory({ seed })];
    expect(second.traceHash, `seed ${seed}`).toBe(first.traceHash);
    expect(second.history, `seed ${seed}`).toEqual(first.history);
    hashes.push(first.traceHash);
  }
  expect(new Set(hashes).size).toBe(hashes.length);
});
