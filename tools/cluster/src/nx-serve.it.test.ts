import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { startNatsServer } from '@varve/nats-adapter/server';
import { expect, onTestFinished } from 'vitest';
import { clusterTest, eventually } from './testing/test-cluster.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const READY_TIMEOUT_MS = 90_000;
const APPS = ['meta-raft', 'data-shard', 'repair', 'coordinator'];

clusterTest('nx serve starts each of the four services', async () => {
  const nats = await startNatsServer();
  const directory = mkdtempSync(join(tmpdir(), 'varve-nx-'));
  onTestFinished(async () => {
    await nats.kill();
    rmSync(directory, { recursive: true, force: true });
  });
  const running = APPS.map((app) => {
    const flags = [`--nats-servers=${nats.address}`, `--data-dir=${join(directory, app)}`, '--http-bind-address=127.0.0.1:0'];
    const child = spawn(join(ROOT, 'node_modules/.bin/nx'), ['serve', app, ...flags], { cwd: ROOT, env: { ...process.env, NX_DAEMON: 'false', NX_TUI: 'false' }, detached: true });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
    onTestFinished(async () => {
      const ended = new Promise((settle) => child.once('exit', settle));
      process.kill(-child.pid!, 'SIGTERM'); // Nx and the service that it has started.
      await ended;
    });
    return { app, said: () => said };
  });
  for (const { app, said } of running) {
    await eventually(READY_TIMEOUT_MS, `${app} is ready`, () => said().includes(`Ready: ${app}`));
    expect(said()).toContain('cluster=varve');
  }
});
