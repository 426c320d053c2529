import type { ErrorCode } from '@varve/base';
import type { HintFileOptions } from './hint-file.ts';
import type { JournalFilesOptions } from './journal-files.ts';
import type { RaftLogFileOptions } from './raft-log-file.ts';
import type { ShardFilesOptions } from './shard-files.ts';

/** What a worker is started with: the store it opens. */
export type StoreChoice =
  | { readonly store: 'journal'; readonly options: JournalFilesOptions }
  | { readonly store: 'shards'; readonly options: ShardFilesOptions }
  | { readonly store: 'hints'; readonly options: HintFileOptions }
  | { readonly store: 'raft'; readonly options: RaftLogFileOptions };

/** A call of a store's method. Ids count from 1; 0 is the opening. */
export interface StoreCall {
  readonly id: number;
  readonly method: string;
  readonly args: readonly unknown[];
}

export type StoreReply =
  | { readonly id: number; readonly result: unknown }
  | {
      readonly id: number;
      readonly failure: {
        readonly code: ErrorCode;
        readonly message: string;
        readonly facts: Readonly<Record<string, unknown>>;
      };
    };

/** What the worker needs of a store; all other methods are called by name. */
export interface WorkerStore {
  /** Work that no caller waits for; a failure shows in the next write. */
  afterReply(): void;
  close(): void;
}
