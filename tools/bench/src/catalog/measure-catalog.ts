import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { LIMITS } from '@varve/config';
import { openInprocBus } from '@varve/inproc-adapter';
import { CatalogClient, CatalogFollower } from '@varve/kit';
import { createMetaRaft } from '@varve/meta-raft-service';
import { encodeCatalog, type CatalogCommand } from '@varve/model';
import { SILENT_LOG, SILENT_TRACER, type Bus, type Metrics } from '@varve/ports';
import { openRaftLogStore } from '@varve/sqlite-adapter';
import { systemClock, systemRandom } from '@varve/system-adapter';
import { metrics as names } from '@varve/telemetry';
import { openCatalogStore } from '@varve/typeorm-adapter';
import { subjectsOf } from '@varve/wire';
import { startProgress } from '../progress.ts';

/** How large the catalog is, and who follows it. */
export interface CatalogBench {
  readonly databaseCount: number;
  readonly groupCount: number;
  readonly followerCount: number;
  readonly changeCount: number;
}

const CLUSTER_ID = 'bench';
const HOUR_NS = 3_600_000_000_000n;

/**
 * One meta node with its stores on disk, a catalog, and followers in the same process, over a bus of this process: what is
 * measured is the work, not a network. @returns the figures as text
 */
export async function measureCatalog(bench: CatalogBench): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), 'varve-bench-'));
  const metrics = new Sums();
  const bus = openInprocBus();
  const ports = { bus, clock: systemClock, random: systemRandom, log: SILENT_LOG, metrics, tracer: SILENT_TRACER };
  const raftLog = await openRaftLogStore({ file: join(directory, 'raft.sqlite') });
  const catalogStore = await openCatalogStore({ file: join(directory, 'catalog.sqlite') });
  const fail = (error: unknown): never => {
    throw error;
  };
  const meta = createMetaRaft({ ...ports, raftLog, catalogStore, onFatal: fail }, { ...LIMITS, clusterId: CLUSTER_ID, peerId: 1, voters: [1], snapshotEntryCount: 1_000_000 });
  try {
    await meta.start();
    const client = new CatalogClient(ports, { subjects: subjectsOf(CLUSTER_ID), proposer: 'bench' });
    await build(client, bench);
    return await measureFollowers({ bus, client, metrics }, bench);
  } finally {
    await meta.stop();
    await bus.close();
    await raftLog.close();
    await catalogStore.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

async function build(client: CatalogClient, { databaseCount, groupCount }: CatalogBench): Promise<void> {
  const progress = startProgress({ label: 'building', total: databaseCount, unit: 'databases' });
  for (const name of ['a', 'b', 'c']) await client.propose({ kind: 'joinNode', role: 'data', name });
  const timesNs = Array.from({ length: groupCount }, (_, hour) => BigInt(hour) * HOUR_NS);
  for (let number = 0; number < databaseCount; number += 1) {
    const database = `database-${number}`;
    await client.propose({ kind: 'createDatabase', name: database, retentionPolicy: { replicaCount: 3, shardDurationNs: HOUR_NS } });
    await client.propose({ kind: 'createShardGroups', database, retentionPolicy: 'autogen', timesNs });
    progress.at(number + 1);
  }
  progress.end();
}

interface Parts {
  readonly bus: Bus;
  readonly client: CatalogClient;
  readonly metrics: Sums;
}

async function measureFollowers({ bus, client, metrics }: Parts, { databaseCount, groupCount, followerCount, changeCount }: CatalogBench): Promise<string> {
  const newFollower = (): CatalogFollower => new CatalogFollower({ bus, clock: systemClock, log: SILENT_LOG, metrics }, { subjects: subjectsOf(CLUSTER_ID) });
  const heapBefore = heapSizeBytes();
  const followers = Array.from({ length: followerCount }, newFollower);
  const startsMs: number[] = [];
  for (const follower of followers) startsMs.push(await timed(() => follower.start()));
  const [heapEach, wholeCount] = [(heapSizeBytes() - heapBefore) / followerCount, metrics.of(names.catalogSentWhole)];
  const wholeSizeBytes = metrics.of(names.catalogSentWholeSize) / wholeCount;
  const encodeMs = await timed(async () => void encodeCatalog(followers[0]!.catalog));

  const before = metrics.of(names.catalogSentChangesSize);
  const fanOutsMs: number[] = [];
  for (let number = 0; number < changeCount; number += 1) {
    const { version } = await client.propose(changeOf(number, databaseCount));
    fanOutsMs.push(await timed(async () => void (await Promise.all(followers.map((follower) => follower.waitFor(version))))));
  }
  const changeSizeBytes = (metrics.of(names.catalogSentChangesSize) - before) / changeCount;
  const laterWholeCount = metrics.of(names.catalogSentWhole) - wholeCount;
  for (const follower of followers) await follower.stop();
  return [
    `catalog of ${databaseCount} databases × ${groupCount} shard groups, ${followerCount} followers`,
    `  whole catalog       ${mib(wholeSizeBytes)}, encoded in ${ms(encodeMs)}; first follower has it after ${ms(startsMs[0]!)}, the next ones after ${ms(median(startsMs.slice(1)))} each`,
    `  a change, published once   ${changeSizeBytes.toFixed(0)} bytes; from its answer to all ${followerCount} followers: median ${ms(median(fanOutsMs))}, p99 ${ms(quantile(fanOutsMs, 0.99))}`,
    `  whole catalogs sent for ${changeCount} changes: ${laterWholeCount}`,
    `  memory of a follower ${mib(heapEach)} of heap; the process, with the meta node and all followers, ${mib(process.memoryUsage().rss)} resident`,
    '',
  ].join('\n');
}

/** As writes make them: a new field here, a new shard group there. */
function changeOf(number: number, databaseCount: number): CatalogCommand {
  const at = { database: `database-${(number * 7) % databaseCount}`, retentionPolicy: 'autogen' };
  if (number % 2 === 0) return { kind: 'registerFields', ...at, fields: [{ measurement: 'cpu', field: `field-${number}`, type: 'float' }] };
  return { kind: 'createShardGroups', ...at, timesNs: [BigInt(100_000 + number) * HOUR_NS] };
}

/** Sums of counters. */
class Sums implements Metrics {
  readonly #sums = new Map<string, number>();

  of(name: string): number {
    return this.#sums.get(name) ?? 0;
  }

  add(name: string, amount: number): void {
    this.#sums.set(name, this.of(name) + amount);
  }

  set(): void {}

  observe(): void {}

  remove(): void {}
}

async function timed(act: () => Promise<void>): Promise<number> {
  const startMs = performance.now();
  await act();
  return performance.now() - startMs;
}

/** What is still in use. */
function heapSizeBytes(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
}

function mib(sizeBytes: number): string {
  return `${(sizeBytes / 2 ** 20).toFixed(1)} MiB`;
}

function ms(durationMs: number): string {
  return `${durationMs.toFixed(durationMs < 10 ? 2 : 0)} ms`;
}
