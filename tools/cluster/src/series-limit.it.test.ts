import { query, write } from '@varve/http-adapter/testing';
import { freePort, startNatsServer } from '@varve/nats-adapter/server';
import { expect, onTestFinished } from 'vitest';
import { clusterTest, dataNodeIds, eventually } from './testing/test-cluster.ts';
import { startService, type TestProcess } from './testing/test-process.ts';

const LIMIT = 10;
const DATA_NODE_COUNT = 3;
const SETTLED_TIMEOUT_MS = 60_000;

const lines = (first: number, end: number): string => Array.from({ length: end - first }, (_, index) => `m,h=${first + index} v=1 1`).join('\n');
const exceeded = (limit: number, dropped: number): string => `400 partial write: max-series-per-database limit exceeded: (${limit}) dropped=${dropped}`;

// SL4, SL6 with real processes over NATS: what one coordinator let in the other one knows, and an owner that is gone stops nobody.
clusterTest('the limit of series holds over coordinators with three copies, and while an owner is away points are accepted', async () => {
  const server = await startNatsServer({ port: await freePort() });
  onTestFinished(() => server.stop());
  const start = (app: 'meta-raft' | 'data-shard' | 'coordinator', name: string, limit = LIMIT): TestProcess =>
    startService(app, ['--nats-servers', server.address, '--node-name', name, '--data-max-series-per-database', String(limit)]);
  await start('meta-raft', 'meta-1').url();
  const data = Array.from({ length: DATA_NODE_COUNT }, (_, index) => start('data-shard', `data-${index + 1}`));
  await Promise.all(data.map((each) => each.url()));
  const [one, other, higher] = await Promise.all([start('coordinator', 'c1').url(), start('coordinator', 'c2').url(), start('coordinator', 'c3', LIMIT + 1).url()]);
  await eventually(SETTLED_TIMEOUT_MS, 'all data nodes have joined', async () => (await dataNodeIds(one)).length === DATA_NODE_COUNT);
  const answer = async (url: string, body: string, consistency = 'all'): Promise<string> => {
    const { status, text } = await write(url, 'd', body, { consistency });
    return status === 204 ? '204' : `${status} ${(JSON.parse(text) as { readonly error: string }).error}`;
  };
  await query(one, `CREATE DATABASE d WITH REPLICATION ${DATA_NODE_COUNT}`);

  expect(await answer(one, lines(0, 7))).toBe('204');
  expect(await answer(other, lines(5, 14))).toBe(exceeded(LIMIT, 4));
  expect(await answer(one, lines(0, 12))).toBe(exceeded(LIMIT, 2));
  expect(await answer(higher, lines(0, 12)), 'another limit').toBe(exceeded(LIMIT + 1, 1));
  const series = await query(other, 'SHOW SERIES', { db: 'd' });
  expect(series[0]!.values.map(([key]) => key).sort()).toEqual(Array.from({ length: LIMIT + 1 }, (_, host) => `m,h=${host}`).sort());

  await data[2]!.kill();
  expect(await answer(one, lines(0, 3), 'quorum'), 'known series').toBe('204');
  expect(await answer(other, lines(20, 22), 'quorum'), 'in doubt').toBe('204');
});
