export { lockDataDirectory } from './lock-data-directory.ts';
export { openJournal } from './open-journal.ts';
export { openRaftLogStore } from './open-raft-log-store.ts';
export { openShardStore } from './open-shard-store.ts';
export type { DataDirectoryLock } from './lock-data-directory.ts';
export type { JournalFilesOptions } from './journal-files.ts';
export type { RaftLogFileOptions } from './raft-log-file.ts';
export type { ShardFilesOptions } from './shard-files.ts';
