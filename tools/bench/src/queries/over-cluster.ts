import type { Prng } from '@varve/base';
import { portOf, withCluster } from '../cluster/running-cluster.ts';
import type { Bound, Figure } from '../figure.ts';
import { ingest, rest } from '../ingest.ts';
import type { Measurement, MeasurementSettings } from '../measurement.ts';
import { withFreshSystem, type Endpoint } from '../running-system.ts';
import { VARVE, type System } from '../systems.ts';
import { compareAnswersWith } from './answers.ts';
import { measureKinds } from './kinds.ts';
import { QUERY_KINDS, type QueryKind } from './query-kinds.ts';
import { withRows, type Rows } from './written-systems.ts';

const CLUSTER_NAME = '3 nodes';
const EMBEDDED: System = { ...VARVE, name: 'embedded' };
/** With one owner each node has a third of the series, with three every node has all. */
const OWNER_COUNTS = [1, 3];
/** Raw rows of all nodes, and windows over all of them. */
const SCAN_NAMES = ['high-cpu-all', 'double-groupby-1', 'double-groupby-all'];
/** Little work, of which most is on the way: nothing is promised. */
const SMALL_NAMES = ['lastpoint', 'high-cpu-1', 'cpu-max-all-8', 'single-groupby-1-1-1'];
const COMPARED_COUNT = 5;
/** Of scans: 1.5 times as long at the most; as fast or faster where nodes do the work beside each other. */
const BOUND: Bound = { of: 'best peer', floor: 0.67, aim: 1 };

/** The same questions to a cluster of processes and to one process with the same rows. */
export const OVER_CLUSTER: Measurement = {
  name: 'cluster',
  title: 'three data nodes, each a process, beside one embedded server; 1.2 M rows; on few cores nodes wait for each other',
  columns: [CLUSTER_NAME, EMBEDDED.name],
  run: (settings) =>
    withRows({ rowCount: 1_200_000, roundCount: 1 }, settings, (rows) =>
      withFreshSystem(EMBEDDED, async (embedded) => {
        await ingest(embedded, rows.batches);
        const figures: Figure[] = [];
        for (const ownerCount of OWNER_COUNTS)
          figures.push(...(await measureOwners(ownerCount, { embedded, rows, settings })));
        return figures;
      }),
    ),
};

interface Surroundings {
  readonly embedded: Endpoint;
  readonly rows: Rows;
  readonly settings: MeasurementSettings;
}

function measureOwners(ownerCount: number, { embedded, rows, settings }: Surroundings): Promise<readonly Figure[]> {
  return withCluster(async ({ urls }) => {
    const createPath = `/query?${new URLSearchParams({ q: `CREATE DATABASE bench WITH REPLICATION ${ownerCount}` }).toString()}`;
    const cluster: Endpoint = { system: { ...VARVE, name: CLUSTER_NAME, createPath }, port: portOf(urls[0]!) };
    await ingest(cluster, rows.batches);
    await rest(cluster.system, settings.restMs);
    const compared = await compareAnswersWith(cluster, embedded, {
      questions: KINDS.map(({ name, draw }) => ({ name, draw: (random: Prng) => draw(random, rows) })),
      count: Math.ceil(COMPARED_COUNT * settings.scale),
      seed: settings.seed,
    });
    const boundOf = (kind: string): Bound | undefined => (SCAN_NAMES.includes(kind) ? BOUND : undefined);
    const rates = await measureKinds([cluster, embedded], { kinds: KINDS, written: rows, settings, boundOf });
    return [compared, ...rates].map((figure) => ({ ...figure, name: `N = ${ownerCount}: ${figure.name}` }));
  });
}

const KINDS: readonly QueryKind[] = [...SCAN_NAMES, ...SMALL_NAMES].map((wanted) => QUERY_KINDS.find(({ name }) => name === wanted)!);
