import { setTimeout as sleep } from 'node:timers/promises';
import { startCluster, type Cluster } from '@varve/cluster-tool';
import { ensureNatsServer } from '@varve/nats-adapter/server';
import { withFreshDirectory } from '../running-system.ts';
import { freePorts } from '../systems.ts';

const READY_TIMEOUT_MS = 60_000;

/** A cluster that answers. */
export interface RunningCluster extends Cluster {
  /** What its processes said, each behind its name. */
  readonly lines: readonly string[];
}

async function started(dataDir: string): Promise<RunningCluster> {
  const natsServer = ensureNatsServer((line) => process.stderr.write(`${line}\n`));
  if (natsServer === undefined) throw new Error('a cluster needs nats-server');
  const lines: string[] = [];
  const cluster = await startCluster(
    { httpBasePort: await freePair(), dataDir, natsCount: 1, otlpEndpoint: '', logLevel: 'info' },
    { natsServer, restarts: true, onLine: (name, line) => lines.push(`${name} ${line}`), onStart: () => undefined, onEnd: () => undefined },
  );
  const isLate = sleep(READY_TIMEOUT_MS, 'late', { ref: false });
  if ((await Promise.race([cluster.ready, isLate])) === 'late') throw new Error(`the cluster does not start:\n${lines.slice(-40).join('\n')}`);
  return { ...cluster, lines };
}

/** Coordinators listen on a port and the next. */
async function freePair(): Promise<number> {
  for (;;) {
    const [port] = await freePorts(1);
    if (port! < 65_535) return port!;
  }
}

/** Starts a cluster on a fresh directory and, whatever comes, ends it and removes the directory. */
export function withCluster<Figures>(use: (cluster: RunningCluster) => Promise<Figures>): Promise<Figures> {
  return withFreshDirectory(async (directory) => {
    const cluster = await started(directory);
    try {
      return await use(cluster);
    } finally {
      await cluster.stop();
    }
  });
}

export function portOf(url: string): number {
  return Number(new URL(url).port);
}
