import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { LIMITS } from '@varve/config';
import { createMetaRaft } from '@varve/meta-raft-service';
import type { MetaControl } from '@varve/ports';
import { runService } from '@varve/process';
import { lockDataDirectory, openRaftLogStore } from '@varve/sqlite-adapter';
import { openCatalogStore } from '@varve/typeorm-adapter';
import { SETTINGS_VARIABLE, SNAPSHOT_SIGNAL, type MetaNodeSettings } from './meta/meta-node-settings.ts';

const NS_PER_MS = 1_000_000;
const PAUSE_MS = 50;

// The program `meta-raft`, with bounds that it has no options for.
const settings = JSON.parse(process.env[SETTINGS_VARIABLE] ?? '{}') as MetaNodeSettings;

await runService({
  program: 'meta-raft',
  kind: 'meta',
  identityOf: ({ metaPeerId }) => `peer ${metaPeerId}`,
  lock: lockDataDirectory,
  open: async ({ keep, ...ports }, { dataDir, metaPeerId: peerId, metaVoters: voters, ...options }) => {
    say(`Loaded after ${Math.round(performance.now())}`);
    const raftLog = keep(await openRaftLogStore({ file: join(dataDir, 'raft.sqlite') }));
    const catalogStore = keep(await openCatalogStore({ file: join(dataDir, 'catalog.sqlite') }));
    const { clusterId, raftHeartbeatIntervalMs, raftElectionTimeoutMs } = options;
    const config = { ...LIMITS, clusterId, peerId, voters, raftHeartbeatIntervalMs, raftElectionTimeoutMs, ...settings };
    const service = createMetaRaft({ ...ports, raftLog, catalogStore }, config);
    process.on(SNAPSHOT_SIGNAL, () => void takeSnapshot(service));
    return service;
  },
});

/** Says how long it took, and how long the event loop stood still meanwhile. */
async function takeSnapshot(service: MetaControl): Promise<void> {
  const delays = monitorEventLoopDelay({ resolution: 1 });
  delays.enable();
  await pause(); // the first one is what later ones are compared with
  const startedMs = performance.now();
  await service.takeSnapshot();
  const elapsedMs = performance.now() - startedMs;
  await pause(); // a delay is noticed behind it
  delays.disable();
  say(`Snapshot took ${Math.round(elapsedMs)} ${Math.round(delays.max / NS_PER_MS)}`);
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
