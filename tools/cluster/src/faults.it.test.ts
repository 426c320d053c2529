import { freePort, startNatsServer, type NatsServer } from '@varve/nats-adapter/server';
import { query, send, write } from '@varve/http-adapter/testing';
import { expect, onTestFinished } from 'vitest';
import { clusterTest, eventually, startTestCluster } from './testing/test-cluster.ts';
import { startService } from './testing/test-process.ts';

/** Longer than it takes to find out that an owner is silent. */
const NOTICE_TIMEOUT_MS = 20_000;

clusterTest('a service that is started before NATS waits, says so, and goes on when NATS is there', async () => {
  const port = await freePort();
  const meta = startService('meta-raft', ['--nats-servers', `127.0.0.1:${port}`]);
  expect(await meta.untilSaid('Waiting for NATS')).toContain(`servers=127.0.0.1:${port}`);
  const health = meta.said();
  expect(health).not.toContain('Ready: ');
  await startedNats(port);
  await meta.url();
  expect(await meta.stop()).toBe(0);
});

clusterTest('a service that waits for NATS stops when it is told to', async () => {
  const meta = startService('meta-raft', ['--nats-servers', `127.0.0.1:${await freePort()}`]);
  await meta.untilSaid('Waiting for NATS');
  expect(await meta.stop()).toBe(0);
});

clusterTest('a second process with the same name, peer id or data directory is refused, and the first goes on', async () => {
  const nats = ['--nats-servers', (await startedNats()).address];
  const meta = startService('meta-raft', nats);
  await meta.url();
  const data = startService('data-shard', [...nats, '--node-name', 'twin']);
  const dataUrl = await data.url();
  const refused = [
    [startService('meta-raft', nats), 'meta-raft: another meta process runs under the name "peer 1"; stop it, or choose another name'],
    [startService('data-shard', [...nats, '--node-name', 'twin']), 'data-shard: another data process runs under the name "twin"; stop it, or choose another name'],
  ] as const;
  for (const [second, sentence] of refused) {
    expect(await second.ended).toBe(1);
    expect(second.said()).toContain(sentence);
  }
  expect((await send(`${dataUrl}/health`)).status).toBe(200);
});

clusterTest('two clusters on one NATS do not meet, not even with the same names', async () => {
  const nats = await startedNats();
  const [left, right] = await Promise.all(['left', 'right'].map((id) => smallCluster(nats, id)));
  await query(left!, 'CREATE DATABASE only_left');
  expect((await write(left!, 'only_left', 'm v=1 1')).status).toBe(204);
  expect((await query(right!, 'SHOW DATABASES'))[0]?.values).toEqual(undefined);
  expect((await write(right!, 'only_left', 'm v=1 1')).status).toBe(404);
  expect((await query(left!, 'SELECT v FROM m', { db: 'only_left' }))[0]?.values).toEqual([[1, 1]]);
});

clusterTest('what cannot be met is refused within the write timeout, with how many were reached; what can be met goes on', async () => {
  const cluster = await startTestCluster({}, { restarts: false });
  const [url] = cluster.urls as [string, string];
  const put = (database: string, line: string, consistency: string): ReturnType<typeof write> => write(url, database, line, { consistency });
  await query(url, 'CREATE DATABASE d WITH REPLICATION 3');
  await query(url, 'CREATE DATABASE wide WITH REPLICATION 5');
  expect((await put('d', 'm v=1 1', 'all')).status).toBe(204);
  expect(await put('wide', 'm v=1 1', 'quorum')).toMatchObject({ status: 204 });
  expect(await put('wide', 'm v=1 1', 'all')).toMatchObject({ status: 503, text: expect.stringMatching(/3 of 5 needed owners of shard \d+ hold it, which is placed on 3 of 5 nodes/) as string });
  expect(await send(`${url}/query?db=d&q=SELECT+v+FROM+m&consistency=quorum`)).toMatchObject({ status: 400, text: expect.stringContaining('reading at consistency=quorum is not supported by this version of Varve yet') as string });

  // Without a meta quorum: what is known goes on, what is new is refused.
  for (const meta of ['meta1', 'meta2']) cluster.kill(meta);
  expect(await put('d', 'm v=2 2', 'quorum')).toMatchObject({ status: 204 });
  expect((await query(url, 'SELECT v FROM m', { db: 'd' }))[0]?.values).toEqual([[1, 1], [2, 2]]);
  expect(await put('d', 'm unknown=2 2', 'quorum')).toMatchObject({ status: 503, text: expect.stringContaining('retry') as string });

  cluster.kill('data1');
  cluster.kill('data2');
  expect(await put('d', 'm v=3 3', 'one')).toMatchObject({ status: 204 });
  expect(await put('d', 'm v=4 4', 'quorum')).toMatchObject({ status: 503, text: expect.stringMatching(/1 of 2 needed owners of shard \d+ hold it/) as string });
  cluster.kill('data3');
  await eventually(NOTICE_TIMEOUT_MS, 'a write that no owner takes is refused at one', async () => (await put('d', 'm v=5 5', 'one')).status === 503);
  expect(await put('d', 'm v=6 6', 'any'), 'a durable hint is enough for any').toMatchObject({ status: 204 });
  expect(await send(`${url}/query?db=d&q=SELECT+v+FROM+m`)).toMatchObject({ text: expect.stringMatching(/no owner of shard \d+ answered/) as string });
});

async function startedNats(port?: number): Promise<NatsServer> {
  const server = await startNatsServer(port === undefined ? {} : { port });
  onTestFinished(() => server.kill());
  return server;
}

/** One meta node, one data node and a coordinator. @returns the coordinator's URL */
async function smallCluster(nats: NatsServer, id: string): Promise<string> {
  const flags = ['--nats-servers', nats.address, '--cluster-id', id];
  startService('meta-raft', flags);
  const data = startService('data-shard', flags);
  const coordinator = startService('coordinator', flags);
  await data.url();
  return coordinator.url();
}
