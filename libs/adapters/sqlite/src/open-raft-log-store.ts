import { DbError } from '@varve/base';
import type { KnownPeer, RaftIdentity, RaftLogStore, StoredEntry, StoredHardState, StoredMembership, StoredRaft } from '@varve/ports';
import type { ThreadClient } from '@varve/threads';
import type { RaftLogFile, RaftLogFileOptions, RaftLogOwner } from './raft-log-file.ts';
import { packEntries, unpackEntries, type RaftLogWrite } from './raft-log-writes.ts';
import { startStoreThread } from './store-thread.ts';

/**
 * Opens a Raft peer's log in a thread of its own, so that it never waits behind a flush; creates the file when there is
 * none. What is in it is looked at by `begin`. @throws DbError STORAGE_CORRUPT, STORAGE_NEWER_FORMAT, STORAGE_UNWRITABLE,
 * STORAGE_LOCKED, STORAGE_FULL, STORAGE_FAILED
 */
export async function openRaftLogStore(options: RaftLogFileOptions): Promise<RaftLogStore> {
  return new SqliteRaftLogStore(await startStoreThread<RaftLogFile>({ store: 'raft', options }));
}

/** A change that waits for the group before it. */
interface WaitingWrite {
  readonly write: RaftLogWrite;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Writes that wait; more mean that the disk has stopped. */
const WAITING_COUNT_MAX = 10_000;

/** Writes that come while one is under way share the next transaction, and so its fsync. */
class SqliteRaftLogStore implements RaftLogStore {
  readonly #worker: ThreadClient<RaftLogFile>;
  #waiting: WaitingWrite[] = [];
  #isUnderway = false;

  constructor(worker: ThreadClient<RaftLogFile>) {
    this.#worker = worker;
  }

  async begin(owner: RaftLogOwner): Promise<{ readonly identity: RaftIdentity; readonly known: readonly KnownPeer[] }> {
    return this.#worker.call('begin', owner);
  }

  async remember(peer: KnownPeer): Promise<void> {
    await this.#write({ kind: 'remember', peer });
  }

  async load(): Promise<StoredRaft> {
    void this.#sendWaiting();
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
    void this.#sendWaiting();
    await this.#worker.close();
  }

  #write(write: RaftLogWrite): Promise<void> {
    if (this.#waiting.length >= WAITING_COUNT_MAX) throw new DbError('STORAGE_FAILED', `${WAITING_COUNT_MAX} writes wait for the disk`);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ write, resolve, reject });
      if (!this.#isUnderway) void this.#sendWaiting();
    });
  }

  /** A group that fails makes the worker refuse those behind it. */
  async #sendWaiting(): Promise<void> {
    const group = this.#waiting;
    if (group.length === 0) return;
    this.#waiting = [];
    this.#isUnderway = true;
    const writes = group.map(({ write }) => write);
    try {
      await this.#worker.callWith(writes.flatMap(buffersOf), 'write', writes);
      for (const { resolve } of group) resolve();
    } catch (error) {
      for (const { reject } of group) reject(error);
    }
    this.#isUnderway = false;
    await this.#sendWaiting();
  }
}

function buffersOf(write: RaftLogWrite): ArrayBuffer[] {
  return write.kind === 'persist' ? [write.packed.heads.buffer, write.packed.payloads.buffer] : [];
}
