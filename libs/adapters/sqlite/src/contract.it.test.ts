import { join } from 'node:path';
import type { HintStore, Journal, RaftLogStore, ShardStore } from '@varve/ports';
import {
  type ChildModule,
  hintStoreContract,
  journalContract,
  newTempDirectory,
  type Opened,
  openInChild,
  raftLogStoreContract,
  shardStoreContract,
} from '@varve/ports/contract';

// Methodology: the suites that the simulated ports pass run on real files in a directory of each test. The adapter lives
// in a child process; a crash is kill -9 of it.

const openKillable = async <Port extends { close(): Promise<void> }>(child: ChildModule): Promise<Opened<Port>> => {
  const { port, kill } = await openInChild<Port>(child);
  return {
    port,
    crash: async () => {
      await kill();
      return openKillable(child);
    },
    reopen: async () => {
      await port.close();
      return openKillable(child);
    },
  };
};

const journalModule = (options: object): ChildModule => ({
  module: new URL('./open-journal.ts', import.meta.url),
  factory: 'openJournal',
  args: [options],
  iterables: ['read'],
});

journalContract('openJournal', () => openKillable<Journal>(journalModule({ directory: newTempDirectory() })));
journalContract('openJournal with small files', () =>
  openKillable<Journal>(journalModule({ directory: newTempDirectory(), fileSizeBytesMax: 60_000 })),
);
shardStoreContract('openShardStore', () =>
  openKillable<ShardStore>({
    module: new URL('./open-shard-store.ts', import.meta.url),
    factory: 'openShardStore',
    args: [{ directory: newTempDirectory() }],
  }),
);
shardStoreContract('openShardStore with three files open', () =>
  openKillable<ShardStore>({
    module: new URL('./open-shard-store.ts', import.meta.url),
    factory: 'openShardStore',
    args: [{ directory: newTempDirectory(), openFileCountMax: 3 }],
  }),
);
raftLogStoreContract('openRaftLogStore', () =>
  openKillable<RaftLogStore>({
    module: new URL('./open-raft-log-store.ts', import.meta.url),
    factory: 'openRaftLogStore',
    args: [{ file: join(newTempDirectory(), 'raft.sqlite') }],
  }),
);
hintStoreContract('openHintStore', () =>
  openKillable<HintStore>({
    module: new URL('./open-hint-store.ts', import.meta.url),
    factory: 'openHintStore',
    args: [{ file: join(newTempDirectory(), 'hints.sqlite') }],
  }),
);
