import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { query, write } from '@varve/http-adapter/testing';
import { freePort, startNatsServer } from '@varve/nats-adapter/server';
import { expect, onTestFinished } from 'vitest';
import { clusterTest, eventually } from './testing/test-cluster.ts';
import { startService, type TestProcess } from './testing/test-process.ts';

const BACK_TIMEOUT_MS = 60_000;

// F11 with real processes: what a coordinator and a data node had saved is all that helps them.
clusterTest('a data node and a coordinator that restart while no meta-raft lives answer queries, and take writes when it is back', async () => {
  const base = mkdtempSync(join(tmpdir(), 'varve-without-meta-'));
  onTestFinished(() => rmSync(base, { recursive: true, force: true }));
  const server = await startNatsServer({ port: await freePort() });
  onTestFinished(() => server.stop());
  const start = (app: 'meta-raft' | 'data-shard' | 'coordinator'): TestProcess =>
    startService(app, ['--nats-servers', server.address, '--data-dir', join(base, app)]);
  const meta = start('meta-raft');
  await meta.url();
  const data = start('data-shard');
  await data.url();
  const coordinator = start('coordinator');
  const url = await coordinator.url();
  await query(url, 'CREATE DATABASE d');
  expect((await write(url, 'd', 'm v=1 1')).status).toBe(204);
  for (const service of [coordinator, data, meta]) expect(await service.stop()).toBe(0);
  expect(readdirSync(join(base, 'coordinator'))).toEqual(['coordinator-1.catalog.cache']);

  const dataAgain = start('data-shard');
  await dataAgain.url();
  expect(dataAgain.said()).toContain('beginning with the cached catalog');
  const coordinatorAgain = start('coordinator');
  const urlAgain = await coordinatorAgain.url();
  await eventually(BACK_TIMEOUT_MS, 'the query is answered', async () => (await query(urlAgain, 'SELECT v FROM m', { db: 'd' }))[0]?.values?.[0]?.[1] === 1);
  expect((await write(urlAgain, 'd', 'm v=2 2')).status).toBe(503);

  await start('meta-raft').url();
  await eventually(BACK_TIMEOUT_MS, 'a write is taken', async () => (await write(urlAgain, 'd', 'm v=3 3')).status === 204);
});
