import { query, write } from '@varve/http-adapter/testing';
import { freePort, startNatsServer } from '@varve/nats-adapter/server';
import { expect, onTestFinished } from 'vitest';
import { clusterTest, dataNodeIds, eventually } from './testing/test-cluster.ts';
import { startService, type TestProcess } from './testing/test-process.ts';

const DATA_NODE_COUNT = 3;
const SETTLED_TIMEOUT_MS = 60_000;
const HOST_COUNT = 40;
const DAY_NS = 86_400_000_000_000n;
/** Every host writes in every week, host 7 in the last one only. */
const lines = [0n, 8n, 16n, 24n].flatMap((day) => Array.from({ length: HOST_COUNT }, (_, host) => (host === 7 && day < 24n ? [] : [`cpu,host=h${host},rack=r${host % 4} v=1 ${day * DAY_NS + BigInt(host)}`])).flat()).join('\n');

// SH1, SH2, SH4, SH5 and EX2 with real processes over NATS: two copies, several shard groups, slices on three nodes.
clusterTest('names count once over replicas, slices and shard groups, and by time exactly, through any coordinator and without one of the owners', async () => {
  const server = await startNatsServer({ port: await freePort() });
  onTestFinished(() => server.stop());
  const start = (app: 'meta-raft' | 'data-shard' | 'coordinator', name: string): TestProcess => startService(app, ['--nats-servers', server.address, '--node-name', name]);
  await start('meta-raft', 'meta-1').url();
  const data = Array.from({ length: DATA_NODE_COUNT }, (_, index) => start('data-shard', `data-${index + 1}`));
  await Promise.all(data.map((each) => each.url()));
  const [one, other] = await Promise.all([start('coordinator', 'c1').url(), start('coordinator', 'c2').url()]);
  await eventually(SETTLED_TIMEOUT_MS, 'all data nodes have joined', async () => (await dataNodeIds(one)).length === DATA_NODE_COUNT);
  await query(one, 'CREATE DATABASE d WITH REPLICATION 2');
  expect((await write(one, 'd', lines, { consistency: 'all' })).status).toBe(204);

  const check = async (url: string): Promise<void> => {
    const values = async (text: string): Promise<readonly unknown[]> => (await query(url, text, { db: 'd' })).flatMap((series) => series.values.map((row) => row.at(-1)));
    for (const text of ['SHOW SERIES CARDINALITY', 'SHOW SERIES EXACT CARDINALITY', 'SHOW TAG VALUES EXACT CARDINALITY WITH KEY = host']) expect(await values(text), text).toEqual([HOST_COUNT]);
    expect(await values('SHOW SERIES EXACT CARDINALITY GROUP BY rack')).toEqual([10, 10, 10, 10]);
    expect(await values(`SHOW TAG VALUES WITH KEY = host WHERE time = ${24n * DAY_NS + 7n}`)).toEqual(['h7']);
    expect(await values(`SHOW TAG VALUES WITH KEY = host WHERE rack = 'r3' AND time < ${24n * DAY_NS}`)).toEqual(['h11', 'h15', 'h19', 'h23', 'h27', 'h3', 'h31', 'h35', 'h39']);
    const analyzed = (await values('EXPLAIN ANALYZE SELECT count(v) FROM cpu')).map(String);
    expect(analyzed.filter((line) => line.includes('rows_read: ')).reduce((sum, line) => sum + Number(line.split(': ')[1]), 0)).toBe(4 * HOST_COUNT - 3);
  };
  await check(one);
  await check(other);
  await data[1]!.kill();
  await check(one);
});
