import type { Cell, NodeId } from '@varve/model';
import type { Gateway, QueryRequest } from '@varve/ports';
import { expect, onTestFinished, test } from 'vitest';
import { DATABASE, writeRequest } from '../workload.ts';
import { startCalmCluster, type CalmCluster } from './calm-cluster.ts';

// Methodology: a calm cluster in which every shard has one owner, so that a statement needs all data nodes; a point per host and hour on six
// days. Nested statements are asked of both coordinators, of single nodes, and when a node is gone.
const DAY_NS = 86_400_000_000_000n;
const HOUR_NS = DAY_NS / 24n;
const DAY_COUNT = 6n;
const HOSTS = ['a', 'b', 'c', 'd'];

interface Asked {
  readonly rows: readonly (readonly Cell[])[];
  readonly failure: string | undefined;
}

async function ask(gateway: Gateway, text: string, asked: Partial<QueryRequest> = {}): Promise<Asked> {
  const request: QueryRequest = {
    ...{ text, database: DATABASE, retentionPolicy: undefined, params: {}, level: undefined, nodeId: undefined, nowNs: DAY_NS * DAY_COUNT },
    ...{ isReadOnlyMethod: false, chunkRowCount: 7, signal: new AbortController().signal, ...asked },
  };
  const rows: Cell[][] = [];
  let failure: string | undefined;
  for await (const item of gateway.runQuery(request)) {
    if (item.kind === 'error' || item.kind === 'partial') failure = item.text;
    if (item.kind === 'rows') for (let row = 0; row < item.rowCount; row += 1) rows.push(item.cells.map((column) => column[row] as Cell));
  }
  return { rows, failure };
}

async function loadedCluster(seed: number): Promise<Pick<CalmCluster, 'cluster' | 'scheduler'> & { readonly gateways: readonly Gateway[] }> {
  const { scheduler, cluster } = await startCalmCluster({ seed, replicaCount: 1 });
  onTestFinished(() => expect(cluster.fatal).toEqual([]));
  const gateways = cluster.coordinators.map(({ service }) => service!);
  const lines: string[] = [];
  for (let timeNs = 0n; timeNs < DAY_NS * DAY_COUNT; timeNs += HOUR_NS) for (const [index, host] of HOSTS.entries()) lines.push(`m,host=${host} f=${timeNs / DAY_NS + BigInt(index)} ${timeNs}`);
  await scheduler.runUntilSettled(gateways[0]!.writePoints(writeRequest(lines.join('\n'), 'all')));
  await scheduler.runFor(5_000);
  return { cluster, scheduler, gateways };
}

test('SQ1: nested statements are answered from all nodes, by any coordinator', async () => {
  const { scheduler, gateways } = await loadedCluster(5);
  const check = async (text: string, rows: readonly (readonly Cell[])[]): Promise<void> => {
    for (const gateway of gateways) expect(await scheduler.runUntilSettled(ask(gateway, text)), text).toEqual({ rows, failure: undefined });
  };
  const bounded = 'WHERE time >= 0 AND time < 6d';

  await check(`SELECT max(mean), host FROM (SELECT mean(f) FROM m ${bounded} GROUP BY time(1d), host)`, [[8, 'd']]);
  await check(`SELECT sum(count) FROM (SELECT count(f) FROM m GROUP BY host) GROUP BY host`, HOSTS.map(() => [144]));
  await check(`SELECT mean(max) FROM (SELECT max(f) FROM m GROUP BY host) ${bounded} GROUP BY time(2d)`, [[2.5], [4.5], [6.5]]);
  await check('SELECT f, host FROM (SELECT f FROM m GROUP BY host) LIMIT 5', [[0, 'a'], [1, 'b'], [2, 'c'], [3, 'd'], [0, 'a']]);
  await check('SELECT f FROM (SELECT f FROM m WHERE host = \'a\') ORDER BY time DESC LIMIT 2', [[5], [5]]);
  await check('SELECT count(*) FROM (SELECT * FROM m GROUP BY *), m', [[1152]]);
  await check('SELECT sum(d) FROM (SELECT max - min AS d FROM (SELECT max(f), min(f) FROM m GROUP BY host))', [[20]]);
});

test('Q6: a subquery asks one node alone where the statement does', async () => {
  const { cluster, scheduler, gateways } = await loadedCluster(6);
  const countOf = async (nodeId: NodeId | undefined): Promise<number> => {
    const { rows, failure } = await scheduler.runUntilSettled(ask(gateways[1]!, 'SELECT sum(count) FROM (SELECT count(f) FROM m GROUP BY *)', { nodeId }));
    expect(failure).toBe(undefined);
    return Number(rows[0]?.[0] ?? 0);
  };
  const counts: number[] = [];
  for (const nodeId of cluster.dataNodeIds()) counts.push(await countOf(nodeId));
  expect(await countOf(undefined)).toBe(576);
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(576);
  expect(counts.filter((count) => count > 0).length).toBeGreaterThan(1);
});

test('Q2, Q9: an answer that lacks a shard says so, from whichever level it is lacking', async () => {
  const { cluster, scheduler, gateways } = await loadedCluster(7);
  cluster.datas[0]!.kill();
  for (const text of ['SELECT count(f) FROM (SELECT f FROM m)', 'SELECT count(f) FROM (SELECT f FROM (SELECT f FROM m) GROUP BY host), (SELECT f FROM m)']) {
    const { rows, failure } = await scheduler.runUntilSettled(ask(gateways[0]!, text));
    expect(failure).toMatch(/^partial answer: .*no owner of shard \d+ answered/);
    expect(rows).toHaveLength(1);
    expect(Number(rows[0]![0]) % 24).toBe(0);
  }
});

test('Q8: who leaves while a subquery is read ends the statement', async () => {
  const { scheduler, gateways } = await loadedCluster(8);
  const leaving = new AbortController();
  leaving.abort();
  const { rows, failure } = await scheduler.runUntilSettled(ask(gateways[0]!, 'SELECT max(f) FROM (SELECT f FROM m)', { signal: leaving.signal }));
  expect(rows).toEqual([]);
  expect(failure).toMatch(/interrupted|ended|aborted/);
});
