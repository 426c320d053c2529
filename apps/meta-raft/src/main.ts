import { join } from 'node:path';
import { LIMITS } from '@varve/config';
import { createMetaRaft } from '@varve/meta-raft-service';
import { runService } from '@varve/process';
import { lockDataDirectory, openRaftLogStore } from '@varve/sqlite-adapter';
import { openCatalogStore } from '@varve/typeorm-adapter';

await runService({
  program: 'meta-raft',
  kind: 'meta',
  identityOf: ({ metaPeerId }) => `peer ${metaPeerId}`,
  lock: lockDataDirectory,
  open: async ({ keep, ...ports }, config) => {
    const { clusterId, dataDir, metaPeerId: peerId, metaVoters: voters, raftHeartbeatIntervalMs, raftElectionTimeoutMs } = config;
    const raftLog = keep(await openRaftLogStore({ file: join(dataDir, 'raft.sqlite') }));
    const catalogStore = keep(await openCatalogStore({ file: join(dataDir, 'catalog.sqlite') }));
    return createMetaRaft({ ...ports, raftLog, catalogStore }, { ...LIMITS, clusterId, peerId, voters, raftHeartbeatIntervalMs, raftElectionTimeoutMs });
  },
});
