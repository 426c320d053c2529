import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { freePort } from '@varve/nats-adapter/server';
import { ManagedProcess, RESTART_PAUSE_MS, type ProcessListener } from './managed-process.ts';
import { COORDINATOR_COUNT, planCluster, type ClusterOptions } from './plan.ts';

const ROOT = resolve(import.meta.dirname, '../../..');

/** A cluster of processes on this machine. */
export interface Cluster {
  /** Of the coordinators. */
  readonly urls: readonly string[];
  /** `host:port` of each nats-server. */
  readonly natsServers: readonly string[];
  /** By name, of those that run. */
  pids(): ReadonlyMap<string, number>;
  /** By name: where each service answers /health and /metrics. */
  statusUrls(): ReadonlyMap<string, string>;
  /** Resolves when every process has said that it is ready. */
  readonly ready: Promise<void>;
  /** Ends all of them, those first that others do not need. */
  stop(): Promise<void>;
}

export interface ClusterSurroundings extends ProcessListener {
  readonly natsServer: string;
  /** A process that dies is started again. */
  readonly restarts: boolean;
}

/** Starts NATS, three meta-raft, three data-shard, one repair and two coordinators, each a process of its own. */
export async function startCluster(options: ClusterOptions, { natsServer, restarts, ...listener }: ClusterSurroundings): Promise<Cluster> {
  mkdirSync(options.dataDir, { recursive: true });
  const ports: number[] = [];
  for (let port = 0; port < 2 * options.natsCount; port += 1) ports.push(await freePort());
  const plan = planCluster(options, { natsServer, node: process.execPath, root: ROOT, ports });
  const unready = new Set(plan.map(({ name }) => name).filter((name) => !/^(nats|jaeger)/.test(name)));
  const statusUrls = new Map<string, string>();
  let onReady = (): void => undefined;
  const ready = new Promise<void>((resolve) => (onReady = resolve));
  const onLine = (name: string, line: string): void => {
    listener.onLine(name, line);
    const address = /Ready: .* http=(\S+)/.exec(line)?.[1];
    if (address === undefined) return;
    statusUrls.set(name, `http://${address}`);
    if (unready.delete(name) && unready.size === 0) onReady();
  };
  const processes = plan.map((each) => new ManagedProcess(each, { ...listener, onLine }, restarts ? RESTART_PAUSE_MS : undefined));
  for (const each of processes) each.start();
  return {
    urls: Array.from({ length: COORDINATOR_COUNT }, (_, index) => `http://127.0.0.1:${options.httpBasePort + index}`),
    natsServers: ports.slice(0, options.natsCount).map((port) => `127.0.0.1:${port}`),
    pids: () => new Map(processes.flatMap(({ plan: { name }, pid }) => (pid === undefined ? [] : [[name, pid] as const]))),
    statusUrls: () => statusUrls,
    ready,
    stop: async () => {
      for (const kind of ['coordinator', 'repair', 'data', 'meta', 'nats', 'jaeger']) {
        await Promise.all(processes.filter(({ plan: { name } }) => name.startsWith(kind)).map((each) => each.stop()));
      }
    },
  };
}
