import type { RaftLogStore, StoredEntry, StoredHardState, StoredRaft } from '@varve/ports';
import type { RaftLogFile, RaftLogFileOptions } from './raft-log-file.ts';
import { WorkerClient } from './worker-client.ts';

/**
 * Opens a Raft peer's log in a thread of its own, so that it never waits behind a flush; creates the file when there is
 * none. Every checksum is verified. @throws DbError STORAGE_CORRUPT, STORAGE_NEWER_FORMAT, STORAGE_UNWRITABLE,
 * STORAGE_LOCKED, STORAGE_FULL, STORAGE_FAILED
 */
export async function openRaftLogStore(options: RaftLogFileOptions): Promise<RaftLogStore> {
  return new SqliteRaftLogStore(await WorkerClient.start<RaftLogFile>({ store: 'raft', options }));
}

class SqliteRaftLogStore implements RaftLogStore {
  readonly #worker: WorkerClient<RaftLogFile>;

  constructor(worker: WorkerClient<RaftLogFile>) {
    this.#worker = worker;
  }

  async load(): Promise<StoredRaft> {
    return this.#worker.call('load');
  }

  async persist(hardState: StoredHardState | undefined, entries: readonly StoredEntry[]): Promise<void> {
    await this.#worker.call('persist', hardState, entries.map(withOwnPayload));
  }

  async compact(throughIndex: number, term: number): Promise<void> {
    await this.#worker.call('compact', throughIndex, term);
  }

  async close(): Promise<void> {
    await this.#worker.close();
  }
}

/** A message takes a view's whole buffer along, so a view into a larger one is cut out first. */
function withOwnPayload(entry: StoredEntry): StoredEntry {
  const { payload } = entry;
  return payload.byteLength === payload.buffer.byteLength ? entry : { ...entry, payload: payload.slice() };
}
