import type { ResultItem } from '@varve/ports';
import { expect, test } from 'vitest';
import { readItems, writeRequest } from '../workload.ts';
import { startCalmCluster, type CalmCluster } from './calm-cluster.ts';

// Methodology: a calm cluster whose shards have one owner each, three of them per day; then the owner of some is killed. What is asked before, meanwhile and after is compared.
const DAY_NS = 86_400_000_000_000n;
const DAY_COUNT = 3;
const SERIES_COUNT = 20;
const POINT_COUNT = DAY_COUNT * SERIES_COUNT;

async function started(): Promise<Pick<CalmCluster, 'cluster' | 'until'> & { readonly ask: (text: string, nodeId?: number) => Promise<readonly ResultItem[]> }> {
  const { scheduler, cluster, gateway, until } = await startCalmCluster({ seed: 17, replicaCount: 1 });
  const lines = Array.from({ length: POINT_COUNT }, (_, at) => `m,t=${at % SERIES_COUNT} f=1i ${BigInt(Math.floor(at / SERIES_COUNT)) * DAY_NS}`);
  await scheduler.runUntilSettled(gateway().writePoints(writeRequest(lines.join('\n'), 'all')));
  return { cluster, until, ask: (text, nodeId) => scheduler.runUntilSettled(readItems(gateway(), text, nodeId)) };
}

const rowCountOf = (items: readonly ResultItem[]): number => items.reduce((sum, item) => sum + (item.kind === 'rows' ? item.rowCount : 0), 0);
const kindsOf = (items: readonly ResultItem[]): readonly string[] => [...new Set(items.map(({ kind }) => kind))];

test('Q9: shards without an owner make the answer of a SELECT partial, and it says which; with them it is whole', async () => {
  const { cluster, until, ask } = await started();
  const whole = await ask('SELECT f FROM m');
  expect([rowCountOf(whole), kindsOf(whole)]).toEqual([POINT_COUNT, ['rows', 'done']]);

  cluster.datas[0]!.kill();
  for (const text of ['SELECT f FROM m', 'SELECT * FROM m', 'SELECT f FROM m GROUP BY *', 'SELECT sum(f) FROM m GROUP BY t', 'SELECT f FROM m LIMIT 100']) {
    const items = await ask(text);
    expect(kindsOf(items), text).toEqual(['rows', 'message', 'partial', 'done']);
    expect(items.find(({ kind }) => kind === 'partial'), text).toMatchObject({ text: expect.stringMatching(/^partial answer: \d shards are missing: no owner of shard \d+ answered/) as string });
  }
  const partial = await ask('SELECT f FROM m');
  expect(partial.filter(({ kind }) => kind === 'message')).toHaveLength(DAY_COUNT);
  expect(rowCountOf(partial)).toBeLessThan(POINT_COUNT);
  expect(kindsOf(await ask(`SELECT f FROM m WHERE time >= ${DAY_COUNT}d AND time < ${DAY_COUNT + 1}d`)), 'no shard is missing there').toEqual(['done']);

  // The statements behind it are executed.
  expect((await ask('SELECT f FROM m; SELECT f FROM nothing')).filter(({ kind }) => kind === 'done')).toEqual([{ kind: 'done', statementId: 0 }, { kind: 'done', statementId: 1 }]);
  expect(kindsOf(await ask('SHOW SERIES')), 'a list that is short does not show it').toEqual(['error', 'done']);
  expect(await ask('SELECT f INTO copy FROM m'), 'IN1: nothing is written of an answer that is not whole').toMatchObject([{ kind: 'error', text: expect.stringContaining('no owner of shard') as string }, { kind: 'done' }]);
  const byNode: (readonly string[])[] = [];
  for (const node of cluster.dataNodeIds()) byNode.push(kindsOf(await ask('SELECT f FROM m', node)));
  expect(byNode.filter((kinds) => kinds.includes('error')), 'Q6: the named node, or nothing').toHaveLength(1);
  await expect(ask('SELECT f FROM m', 99), 'Q6').rejects.toMatchObject({ code: 'REQUEST_INVALID', message: 'unknown node_id 99: no data node has it; SHOW SERVERS lists those there are' });

  cluster.datas[0]!.start();
  await until(() => cluster.datas[0]!.service !== undefined && cluster.isServing);
  const again = await ask('SELECT f FROM m');
  expect([rowCountOf(again), kindsOf(again)]).toEqual([POINT_COUNT, ['rows', 'done']]);
});
