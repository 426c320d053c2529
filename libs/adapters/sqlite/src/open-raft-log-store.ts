import type { KnownPeer, RaftIdentity, RaftLogStore, StoredEntry, StoredHardState, StoredMembership, StoredRaft } from '@varve/ports';
import type { RaftLogFile, RaftLogFileOptions, RaftLogOwner } from './raft-log-file.ts';
import { packEntries, unpackEntries, type RaftLogWrite } from './raft-log-writes.ts';
import { WorkerClient } from './worker-client.ts';

/**
 * Opens a Raft peer's log in a thread of its own, so that it never waits behind a flush; creates the file when there is
 * none. What is in it is looked at by `begin`. @throws DbError STORAGE_CORRUPT, STORAGE_NEWER_FORMAT, STORAGE_UNWRITABLE,
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

  async begin(owner: RaftLogOwner): Promise<{ readonly identity: RaftIdentity; readonly known: readonly KnownPeer[] }> {
    return this.#worker.call('begin', owner);
  }

  async remember(peer: KnownPeer): Promise<void> {
    await this.#write({ kind: 'remember', peer });
  }

  async load(): Promise<StoredRaft> {
    const { packed, ...rest } = await this.#worker.call('load');
    // Each with bytes of its own: one that is kept must not keep all the others.
    return { ...rest, entries: unpackEntries(packed).map((entry) => ({ ...entry, payload: entry.payload.slice() })) };
  }

  async persist(hardState: StoredHardState | undefined, entries: readonly StoredEntry[]): Promise<void> {
    await this.#write({ kind: 'persist', hardState, packed: packEntries(entries) });
  }

  async compact(throughIndex: number, term: number, membership: StoredMembership): Promise<void> {
    await this.#write({ kind: 'compact', throughIndex, term, membership });
  }

  async recovered(): Promise<void> {
    await this.#write({ kind: 'recovered' });
  }

  async close(): Promise<void> {
    await this.#worker.close();
  }

  async #write(write: RaftLogWrite): Promise<void> {
    await this.#worker.call('write', [write]);
  }
}
