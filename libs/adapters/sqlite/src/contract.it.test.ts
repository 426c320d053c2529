import Database from 'better-sqlite3';
import { join } from 'node:path';
import type { HintStore, Journal, RaftLogStore, ShardStore } from '@varve/ports';
import {
  type ChildModule,
  hintStoreContract,
  journalContract,
  newTempDirectory,
  type OpenedRaftLog,
  type RaftLogFault,
  openInChild,
  openKillable,
  raftLogStoreContract,
  shardStoreContract,
} from '@varve/ports/contract';

// Methodology: the suites that the simulated ports pass run on real files in a directory of each test. The adapter lives
// in a child process; a crash is kill -9 of it.

const openRaftLog = async (file: string): Promise<OpenedRaftLog> => {
  const { port, kill } = await openInChild<RaftLogStore>({
    module: new URL('./open-raft-log-store.ts', import.meta.url),
    factory: 'openRaftLogStore',
    args: [{ file }],
  });
  return {
    port,
    crash: async (fault) => {
      await kill();
      if (fault !== undefined) damageRaftLogFile(file, fault);
      return openRaftLog(file);
    },
    reopen: async () => {
      await port.close();
      return openRaftLog(file);
    },
  };
};
const damageRaftLogFile = (file: string, fault: RaftLogFault): void => {
  const database = new Database(file);
  if (fault.kind === 'rotEntry') database.prepare("UPDATE entry SET payload = CAST('?' || substr(payload, 2) AS BLOB) WHERE log_index = ?").run(fault.index);
  else if (fault.kind === 'loseEntriesAfter') database.prepare('DELETE FROM entry WHERE log_index > ?').run(fault.index);
  else database.exec('UPDATE state SET voted_for = voted_for + 1');
  database.close();
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
raftLogStoreContract('openRaftLogStore', () => openRaftLog(join(newTempDirectory(), 'raft.sqlite')));
hintStoreContract('openHintStore', () =>
  openKillable<HintStore>({
    module: new URL('./open-hint-store.ts', import.meta.url),
    factory: 'openHintStore',
    args: [{ file: join(newTempDirectory(), 'hints.sqlite') }],
  }),
);
