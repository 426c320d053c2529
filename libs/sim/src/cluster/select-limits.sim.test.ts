import type { ResultItem } from '@varve/ports';
import { expect, test } from 'vitest';
import { readItems, writeRequest } from '../workload.ts';
import { startCalmCluster } from './calm-cluster.ts';

// Methodology: a calm cluster of three data nodes, its points spread over all of them and over several days; no node alone
// comes near a limit, together they reach it, or just do not.

const DAY_NS = 86_400_000_000_000n;
const DAY_COUNT = 3;
const SERIES_COUNT = 30;
const POINT_COUNT = DAY_COUNT * SERIES_COUNT;

interface World {
  ask(text: string): Promise<readonly ResultItem[]>;
}

async function started(replicaCount: number, limits: { readonly selectPointCountMax?: number; readonly selectSeriesCountMax?: number }): Promise<World> {
  const { scheduler, gateway } = await startCalmCluster({ seed: 23, replicaCount, limits });
  const lines = Array.from({ length: POINT_COUNT }, (_, at) => `m,t=${at % SERIES_COUNT} f=${at}i ${BigInt(Math.floor(at / SERIES_COUNT)) * DAY_NS}`);
  await scheduler.runUntilSettled(gateway().writePoints(writeRequest(lines.join('\n'), 'all')));
  return { ask: (text) => scheduler.runUntilSettled(readItems(gateway(), text)) };
}

const errorOf = (items: readonly ResultItem[]): string | undefined => items.flatMap((item) => (item.kind === 'error' ? [item.text] : []))[0];

test.each([1, 3])('LM1: points are added up over the nodes, with %i copies of each', async (replicaCount) => {
  const enough = await started(replicaCount, { selectPointCountMax: POINT_COUNT });
  for (const text of ['SELECT f FROM m', 'SELECT sum(f) FROM m GROUP BY t', 'SELECT * INTO n FROM m GROUP BY *']) expect(errorOf(await enough.ask(text)), text).toBeUndefined();
  const tooFew = await started(replicaCount, { selectPointCountMax: POINT_COUNT - 1 });
  for (const text of ['SELECT f FROM m', 'SELECT sum(f) FROM m GROUP BY t', 'SELECT * INTO n FROM m GROUP BY *']) {
    expect(errorOf(await tooFew.ask(text)), text).toBe(`max-select-point limit exceeded: (${POINT_COUNT}/${POINT_COUNT - 1})`);
  }
});

test.each([1, 3])('LM1: series are those of a shard group, on whichever nodes its shards are, with %i copies of each', async (replicaCount) => {
  const enough = await started(replicaCount, { selectSeriesCountMax: SERIES_COUNT });
  expect(errorOf(await enough.ask('SELECT f FROM m'))).toBeUndefined();
  const tooFew = await started(replicaCount, { selectSeriesCountMax: SERIES_COUNT - 1 });
  expect(errorOf(await tooFew.ask('SELECT f FROM m'))).toBe(`max-select-series limit exceeded: (${SERIES_COUNT}/${SERIES_COUNT - 1})`);
  expect(errorOf(await tooFew.ask(`SELECT f FROM m WHERE t != '0'`))).toBeUndefined();
});

test('IN1: rows of all nodes are written, and each goes to the nodes of its series', async () => {
  const { ask } = await started(1, {});
  expect(await ask('SELECT * INTO copy FROM m GROUP BY *')).toMatchObject([{ kind: 'rows', name: 'result', cells: [[POINT_COUNT]] }, { kind: 'done' }]);
  const sumOf = async (measurement: string): Promise<unknown> => (await ask(`SELECT sum(f), count(f) FROM ${measurement}`)).flatMap((item) => (item.kind === 'rows' ? [item.cells] : []));
  expect(await sumOf('copy')).toEqual(await sumOf('m'));
});
