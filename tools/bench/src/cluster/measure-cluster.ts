import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from '@varve/cluster-tool';
import { memoryOfTree, type Memory } from '../footprint.ts';
import { openClient } from '../http-client.ts';
import { startProgress } from '../progress.ts';
import type { Workload } from '../workload.ts';
import { metricOf } from './metric-of.ts';
import { portOf, withCluster, type RunningCluster } from './running-cluster.ts';
import { SteadyLoad, type KillFigure } from './steady-load.ts';

const LEVELS = ['any', 'one', 'quorum', 'all'] as const;
const CONNECTION_COUNT = 4;
/** Load before and after each kill. */
const BEFORE_KILL_MS = 2_000;
const AFTER_KILL_MS = 6_000;
const HINT_LOAD_MS = 8_000;
const DRAIN_TIMEOUT_MS = 60_000;

/** What a cluster did in one run. */
export interface ClusterFigures {
  readonly rowsPerSecond: ReadonlyMap<string, number>;
  /** By process, behind the last ack. */
  readonly memory: ReadonlyMap<string, Memory>;
  readonly kills: readonly KillFigure[];
  readonly drain: DrainFigure;
}

/** How fast hints reached an owner that was back. */
export interface DrainFigure {
  readonly hintCount: number;
  readonly sizeBytes: number;
  readonly elapsedMs: number;
}

/** Starts three data nodes and all that belongs to them, each a process, and measures from outside. */
export async function measureCluster(workload: Workload): Promise<ClusterFigures> {
  return withCluster(async (cluster) => {
    const rowsPerSecond = new Map<string, number>();
    for (const level of LEVELS) rowsPerSecond.set(level, await ingest(cluster, workload, level));
    const memory = memoryOf(cluster);
    await command(cluster, 'CREATE DATABASE steady WITH REPLICATION 3');
    const kills: KillFigure[] = [];
    for (const victim of ['data2', 'coordinator1', leaderOf(cluster)]) kills.push(await kill(cluster, victim));
    return { rowsPerSecond, memory, kills, drain: await drainHints(cluster) };
  });
}

/** All batches at one level, over connections to both coordinators. @returns rows per second from the first request to the last ack */
async function ingest(cluster: Cluster, workload: Workload, level: string): Promise<number> {
  const database = `bench_${level}`;
  await command(cluster, `CREATE DATABASE ${database} WITH REPLICATION 3`);
  const clients = Array.from({ length: CONNECTION_COUNT }, (_, index) => openClient(portOf(cluster.urls[index % cluster.urls.length]!)));
  const progress = startProgress({ label: `writing at ${level}`, total: workload.batchCount, unit: 'batches' });
  let [next, done] = [0, 0];
  const startedMs = performance.now();
  await Promise.all(
    clients.map(async (client) => {
      while (next < workload.batchCount) {
        const { status, body } = await client.post(`/write?db=${database}&consistency=${level}`, workload.batch(next++), 'text/plain');
        if (status !== 204) throw new Error(`status ${status}: ${body.toString().slice(0, 500)}`);
        progress.at(++done);
      }
    }),
  );
  const elapsedMs = performance.now() - startedMs;
  progress.end();
  for (const client of clients) client.close();
  return (workload.rowCount / elapsedMs) * 1_000;
}

function memoryOf(cluster: Cluster): ReadonlyMap<string, Memory> {
  return new Map([...cluster.pids()].flatMap(([name, pid]) => {
    const memory = memoryOfTree(pid);
    return memory === undefined ? [] : [[name, memory] as const];
  }));
}

/** kill -9 under load at quorum; a client whose coordinator fails goes to the other one. */
async function kill(cluster: RunningCluster, victim: string): Promise<KillFigure> {
  const load = new SteadyLoad(cluster.urls);
  const running = load.run();
  await sleep(BEFORE_KILL_MS);
  process.kill(cluster.pids().get(victim)!, 'SIGKILL');
  const killedMs = performance.now();
  await sleep(AFTER_KILL_MS);
  load.stop();
  await running;
  return load.figureOf(victim, killedMs);
}

/** Stops an owner, not its connection, so that the repair node takes hints for it; lets it go on; and waits until none is left. */
async function drainHints(cluster: RunningCluster): Promise<DrainFigure> {
  const repair = cluster.statusUrls().get('repair1')!;
  const owner = cluster.pids().get('data3')!;
  const load = new SteadyLoad(cluster.urls);
  process.kill(owner, 'SIGSTOP');
  const running = load.run();
  await sleep(HINT_LOAD_MS);
  load.stop();
  await running;
  const sizeBytes = await metricOf(repair, 'varve_hint_queue_size_bytes');
  const before = await metricOf(repair, 'varve_hint_events_total', 'delivered');
  process.kill(owner, 'SIGCONT');
  const startedMs = performance.now();
  while ((await metricOf(repair, 'varve_hint_queue_size_bytes')) > 0) {
    if (performance.now() - startedMs > DRAIN_TIMEOUT_MS) throw new Error('hints do not drain');
    await sleep(20);
  }
  const elapsedMs = performance.now() - startedMs;
  return { hintCount: (await metricOf(repair, 'varve_hint_events_total', 'delivered')) - before, sizeBytes, elapsedMs };
}

function leaderOf(cluster: RunningCluster): string {
  return cluster.lines.findLast((line) => line.includes('Leading the meta group  '))!.split(' ')[0]!;
}

async function command(cluster: Cluster, text: string): Promise<void> {
  const answer = await fetch(`${cluster.urls[0]}/query`, { method: 'POST', body: new URLSearchParams({ q: text }) });
  if (!answer.ok) throw new Error(await answer.text());
}
