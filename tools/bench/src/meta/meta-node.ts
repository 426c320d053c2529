import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { LIMITS } from '@varve/config';
import { createMetaRaft, type MetaRaftConfig } from '@varve/meta-raft-service';
import type { MetaControl } from '@varve/ports';
import { runService } from '@varve/process';
import { lockDataDirectory, openRaftLogStore } from '@varve/sqlite-adapter';
import { openCatalogStore } from '@varve/typeorm-adapter';
import { SETTINGS_VARIABLE, SNAPSHOT_SIGNAL, type MetaNodeSettings } from './meta-node-settings.ts';

const NS_PER_MS = 1_000_000;

// The program `meta-raft`, with bounds that it has no options for.
const settings = JSON.parse(process.env[SETTINGS_VARIABLE] ?? '{}') as MetaNodeSettings;

await runService({
  program: 'meta-raft',
  kind: 'meta',
  identityOf: ({ metaPeerId }) => `peer ${metaPeerId}`,
  lock: lockDataDirectory,
  open: async ({ keep, ...ports }, { clusterId, dataDir, metaPeerId: peerId, metaVoters: voters }) => {
    say(`Loaded after ${Math.round(performance.now())}`);
    const raftLog = keep(await openRaftLogStore({ file: join(dataDir, 'raft.sqlite') }));
    const catalogStore = keep(await openCatalogStore({ file: join(dataDir, 'catalog.sqlite') }));
    const config: MetaRaftConfig = { clusterId, peerId, voters, ...LIMITS, ...settings };
    const service = createMetaRaft({ ...ports, raftLog, catalogStore }, config);
    process.on(SNAPSHOT_SIGNAL, () => void takeSnapshot(service));
    return service;
  },
});

/** Says how long it took, and how long the event loop stood still meanwhile. */
async function takeSnapshot(service: MetaControl): Promise<void> {
  const delays = monitorEventLoopDelay({ resolution: 1 });
  delays.enable();
  const startedMs = performance.now();
  await service.takeSnapshot();
  const elapsedMs = performance.now() - startedMs;
  await new Promise((resolve) => setTimeout(resolve, 10)); // a delay is noticed behind it
  delays.disable();
  say(`Snapshot took ${Math.round(elapsedMs)} ${Math.round(delays.max / NS_PER_MS)}`);
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
