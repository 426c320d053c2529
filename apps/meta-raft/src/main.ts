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
    // Another node has what a damaged catalog file held; who is alone must not begin without it.
    const onDamage = voters.some((voter) => voter !== peerId) ? 'setAside' : 'refuse';
    const catalogStore = keep(await openCatalogStore({ file: join(dataDir, 'catalog.sqlite'), onDamage, log: ports.log }));
    return createMetaRaft({ ...ports, raftLog, catalogStore }, { ...LIMITS, clusterId, peerId, voters, raftHeartbeatIntervalMs, raftElectionTimeoutMs });
  },
});
