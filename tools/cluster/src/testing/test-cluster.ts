import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { query, send } from '@varve/http-adapter/testing';
import { findNatsServer, freePort } from '@varve/nats-adapter/server';
import { testThatNeeds } from '@varve/testkit';
import { onTestFinished } from 'vitest';
import type { ClusterOptions } from '../plan.ts';
import { startCluster, type Cluster } from '../start-cluster.ts';

/** A cluster under test, and what its processes have said. */
export interface TestCluster extends Cluster {
  /** `name | line`. */
  readonly lines: readonly string[];
  /** As kill -9, of a process by its name. */
  kill(name: string): void;
  /** Resolves when a process of this name has said that it is ready, since `afterLine`. */
  untilReady(name: string, afterLine: number): Promise<void>;
}

const READY_TIMEOUT_MS = 60_000;

/** Tests that need a nats-server. */
export const clusterTest = testThatNeeds('nats-server (the package of that name, or NATS_SERVER_BIN)', findNatsServer() !== undefined);

/** Starts one on free ports and a directory of its own; both are gone when the test ends. */
export async function startTestCluster(options: Partial<ClusterOptions> = {}, { restarts = true } = {}): Promise<TestCluster> {
  const dataDir = mkdtempSync(join(tmpdir(), 'varve-cluster-'));
  const lines: string[] = [];
  const cluster = await startCluster(
    { httpBasePort: await freePortPair(), dataDir, natsCount: 1, otlpEndpoint: '', logLevel: 'info', ...options },
    { natsServer: findNatsServer()!, restarts, onLine: (name, line) => lines.push(`${name} | ${line}`), onStart: () => undefined, onEnd: () => undefined },
  );
  onTestFinished(async () => {
    await cluster.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });
  await within(READY_TIMEOUT_MS, cluster.ready, () => `the cluster is not ready:\n${lines.join('\n')}`);
  return {
    ...cluster,
    lines,
    kill: (name) => process.kill(cluster.pids().get(name)!, 'SIGKILL'),
    untilReady: async (name, afterLine) => {
      const isReady = (): boolean => lines.slice(afterLine).some((line) => line.startsWith(`${name} |`) && line.includes(name.startsWith('nats') ? 'Server is ready' : 'Ready: '));
      await eventually(READY_TIMEOUT_MS, `${name} is ready again`, isReady);
    },
  };
}

/** The data nodes' ids for `node_id=`. */
export async function dataNodeIds(url: string): Promise<readonly number[]> {
  const servers = await query(url, 'SHOW SERVERS');
  return servers.find(({ name }) => name === 'data_nodes')!.values.map(([id]) => Number(id));
}

/** Of a counter or gauge in a process's /metrics; all its labels together. */
export async function metricOf(url: string, name: string): Promise<number> {
  const { text } = await send(`${url}/metrics`);
  const values = text.split('\n').filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`));
  return values.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

/** Resolves when it is true. @throws Error after the time */
export async function eventually(timeoutMs: number, what: string, isTrue: () => boolean | Promise<boolean>): Promise<void> {
  const endMs = performance.now() + timeoutMs;
  while (!(await isTrue())) {
    if (performance.now() > endMs) throw new Error(`${what}: not within ${timeoutMs} ms`);
    await sleep(100);
  }
}

async function freePortPair(): Promise<number> {
  const port = await freePort();
  return port === 65_535 ? freePortPair() : port;
}

async function within<Value>(timeoutMs: number, promise: Promise<Value>, describe: () => string): Promise<Value> {
  const timeout = sleep(timeoutMs, undefined, { ref: false }).then(() => Promise.reject(new Error(describe())));
  return Promise.race([promise, timeout]);
}
