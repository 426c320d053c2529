import { ThreadClient } from '@varve/threads';
import type { HintFileOptions } from './hint-file.ts';
import type { JournalFilesOptions } from './journal-files.ts';
import type { RaftLogFileOptions } from './raft-log-file.ts';
import type { ShardFilesOptions } from './shard-files.ts';

/** Which store a thread opens: its `workerData`. */
export type StoreChoice =
  | { readonly store: 'journal'; readonly options: JournalFilesOptions }
  | { readonly store: 'shards'; readonly options: ShardFilesOptions }
  | { readonly store: 'hints'; readonly options: HintFileOptions }
  | { readonly store: 'raft'; readonly options: RaftLogFileOptions };

/** Starts a thread and opens a store in it. @throws DbError what opening the store failed with */
export function startStoreThread<Store>(choice: StoreChoice): Promise<ThreadClient<Store>> {
  return ThreadClient.start({ name: `storage: ${choice.store}`, entry: new URL('./storage-worker.ts', import.meta.url), data: choice });
}
