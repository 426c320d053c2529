import { dirname } from 'node:path';
import { existsSync } from 'node:fs';
import { assert, DbError } from '@varve/base';
import { EMPTY_MEMBERSHIP, type KnownPeer, type RaftIdentity, type StoredEntry, type StoredHardState, type StoredMembership, type StoredRaft } from '@varve/ports';
import type { Served } from '@varve/threads';
import {
  checkIdentity,
  emptyState,
  entryCrc,
  identityValues,
  peerValues,
  RAFT_LOG_FORMAT,
  RAFT_PAGE_SIZE_BYTES,
  readIdentity,
  readPeers,
  readState,
  snapshotCrc,
  stateValues,
  type RaftState,
} from './raft-log-format.ts';
import { readSoundLog, salvage, type RaftLogRecords } from './raft-log-salvage.ts';
import { FORMAT_WITHOUT_IDENTITY, upgradeRaftLog } from './raft-log-upgrade.ts';
import { packEntries, unpackEntries, type PackedEntries, type RaftLogWrite } from './raft-log-writes.ts';
import {
  buildSqliteFile,
  checkpoint,
  damagedFile,
  fileVersionOf,
  makeDirectory,
  makeWal,
  openSqliteFile,
  versionOf,
  type SqliteDatabase,
  type SqliteStatement,
} from './sqlite-file.ts';
import { inFile } from './storage-error.ts';
import { checkWal } from './wal-damage.ts';

export interface RaftLogFileOptions {
  readonly file: string;
}

/** Who opens a log, as `RaftLogStore.begin` is told. */
export interface RaftLogOwner {
  readonly clusterId: string;
  readonly peerId: number;
  readonly newDiskId: string;
}

/** A log on its way to another thread. */
export type PackedRaft = Omit<StoredRaft, 'entries'> & { readonly packed: PackedEntries };

/** A log that has begun. */
interface BegunLog {
  readonly diskId: string;
  readonly statements: Statements;
  state: RaftState;
  /** As they were read at the beginning, until they are asked for or a write comes: the log is read once then, not twice. */
  entries: readonly StoredEntry[] | undefined;
}

type Statements = ReturnType<typeof prepareAll>;

const CACHE = { cacheSizeBytes: 1024 * 1024 };
/** Bytes in the WAL after which it is moved into the file. */
const CHECKPOINT_SIZE_BYTES = 1024 * 1024;

/** A Raft peer's memory in one SQLite file; runs in a storage worker. After a failed write it refuses all others. */
export class RaftLogFile implements Served {
  readonly #path: string;
  #database: SqliteDatabase;
  #begun: BegunLog | undefined;
  #failure: DbError | undefined;
  #walSizeBytes = 0;

  constructor({ file }: RaftLogFileOptions) {
    this.#path = file;
    makeDirectory(dirname(file));
    if (!existsSync(file)) buildSqliteFile(file, RAFT_LOG_FORMAT, CACHE, () => undefined);
    // Release 0.1.0 did not empty the WAL at its start: in there may be more than one run.
    else if (fileVersionOf(file) !== FORMAT_WITHOUT_IDENTITY) checkWal(file);
    this.#database = openLog(file);
  }

  /** @throws DbError META_IDENTITY, STORAGE_CORRUPT, and what a write fails with */
  begin(owner: RaftLogOwner): { readonly identity: RaftIdentity; readonly known: readonly KnownPeer[] } {
    assert(this.#begun === undefined, 'a Raft log begins once');
    return this.#orFail(() => {
      const before = this.#identityFor(owner);
      checkIdentity(this.#path, before, owner);
      const { diskId } = before;
      const known = readPeers(this.#database, diskId);
      const { state, entries } = this.#verified({ identity: before, known, state: readState(this.#database, diskId) });
      const identity = { ...before, boot: before.boot + 1 };
      this.#database.prepare('UPDATE identity SET (cluster_id, peer_id, disk_id, boot, crc) = (?, ?, ?, ?, ?)').run(...identityValues(identity));
      // What a crash has left in the WAL goes now: behind it everything in there is of this run, in its order.
      checkpoint(this.#database, 'TRUNCATE');
      this.#begun = { diskId, statements: prepareAll(this.#database), state, entries };
      return { identity, known };
    });
  }

  load(): PackedRaft {
    if (this.#failure !== undefined) throw this.#failure;
    const log = this.#log();
    const { term, votedFor, commitIndex, compactedIndex, compactedTerm, damagedIndex, damagedTerm, membership } = log.state;
    const entries = log.entries ?? this.#readEntries(log.state);
    log.entries = undefined;
    return {
      hardState: { term, votedFor, commitIndex },
      packed: packEntries(entries),
      ...{ compactedIndex, compactedTerm, membership },
      ...(damagedIndex > 0 && { damage: { lastIndex: damagedIndex, term: damagedTerm } }),
    };
  }

  /** All of them in one transaction, in their order. */
  write(writes: readonly RaftLogWrite[]): void {
    if (this.#failure !== undefined) throw this.#failure;
    const log = this.#log();
    log.entries = undefined;
    log.state = this.#orFail(() =>
      this.#database.transaction(() => {
        const state = writes.reduce((before, write) => this.#apply(log, before, write), log.state);
        if (state !== log.state) log.statements.putState.run(...stateValues(state, log.diskId));
        return state;
      })(),
    );
    this.#walSizeBytes += 4 * RAFT_PAGE_SIZE_BYTES; // about
  }

  afterReply(): void {
    if (this.#walSizeBytes < CHECKPOINT_SIZE_BYTES || this.#failure !== undefined) return;
    this.#walSizeBytes = 0;
    try {
      checkpoint(this.#database, 'TRUNCATE');
    } catch (error) {
      this.#failure = error as DbError; // an fsync that failed is not tried again
    }
  }

  close(): void {
    this.#database.close();
  }

  #readEntries(state: RaftState): readonly StoredEntry[] {
    const { entries, fault } = inFile(this.#path, () => readSoundLog(this.#database, state));
    if (fault !== undefined) throw damagedFile(this.#path, fault);
    return entries.map(({ entry }) => entry);
  }

  #log(): BegunLog {
    assert(this.#begun !== undefined, 'a Raft log begins before anything else');
    return this.#begun;
  }

  /** After a failure nobody knows what the file holds. */
  #orFail<Value>(act: () => Value): Value {
    try {
      return inFile(this.#path, act);
    } catch (error) {
      if (error instanceof DbError) this.#failure = error;
      throw error;
    }
  }

  #identityFor({ clusterId, peerId, newDiskId }: RaftLogOwner): RaftIdentity {
    const identity = { clusterId, peerId, diskId: newDiskId, boot: 0 };
    if (versionOf(this.#database) === FORMAT_WITHOUT_IDENTITY) {
      upgradeRaftLog(this.#database, identity);
      return identity;
    }
    return readIdentity(this.#database) ?? this.#found(identity);
  }

  /** A blank disk becomes somebody's. */
  #found(identity: RaftIdentity): RaftIdentity {
    this.#database.transaction(() => {
      this.#database.prepare('INSERT INTO identity VALUES (0, ?, ?, ?, ?, ?)').run(...identityValues(identity));
      const state = emptyState(identity.diskId, EMPTY_MEMBERSHIP);
      this.#database.prepare('INSERT INTO state VALUES (0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)').run(...stateValues(state, identity.diskId));
    })();
    return identity;
  }

  /** Sure of every record; what is damaged is not in the file any more. */
  #verified(records: RaftLogRecords): { readonly state: RaftState; readonly entries: readonly StoredEntry[] } {
    const { entries: sound, fault } = readSoundLog(this.#database, records.state);
    const entries = sound.map(({ entry }) => entry);
    if (fault === undefined) return { state: records.state, entries };
    const state = salvage(this.#database, records, sound, CACHE);
    this.#database = openLog(this.#path);
    return { state, entries };
  }

  #apply(log: BegunLog, state: RaftState, write: RaftLogWrite): RaftState {
    switch (write.kind) {
      case 'persist':
        return this.#persist(log, state, write);
      case 'compact':
        return compacted(log, state, write);
      case 'remember':
        log.statements.putPeer.run(...peerValues(write.peer, log.diskId));
        return state;
      case 'recovered':
        return { ...state, damagedIndex: 0, damagedTerm: 0 };
    }
  }

  #persist({ statements }: BegunLog, state: RaftState, { hardState, packed }: { readonly hardState: StoredHardState | undefined; readonly packed: PackedEntries }): RaftState {
    const entries = unpackEntries(packed);
    this.#walSizeBytes += packed.payloads.length;
    const first = entries[0];
    const last = entries.at(-1);
    if (first === undefined || last === undefined) return { ...state, ...hardState };
    const isInPlace = state.compactedIndex < first.index && first.index <= state.lastIndex + 1;
    assert(isInPlace, `entry ${first.index} on a log ${state.compactedIndex}..${state.lastIndex}`);
    const term = hardState?.term ?? state.term;
    assert(last.term <= term, `an entry of term ${last.term} in term ${term}`);
    let crc = crcAt(statements, state, first.index - 1);
    if (first.index <= state.lastIndex) statements.removeFrom.run(first.index);
    for (const entry of entries) {
      crc = entryCrc(entry, crc);
      statements.putEntry.run(entry.index, entry.term, entry.kind, crc, entry.payload);
    }
    return { ...state, ...hardState, lastIndex: last.index, lastTerm: last.term, lastCrc: crc };
  }
}

/** Entries that follow another one than the snapshot's last are of another history. */
function compacted(
  { statements, diskId }: BegunLog,
  state: RaftState,
  { throughIndex, term, membership }: { readonly throughIndex: number; readonly term: number; readonly membership: StoredMembership },
): RaftState {
  if (throughIndex <= state.compactedIndex) return state;
  const base = { compactedIndex: throughIndex, compactedTerm: term, membership };
  const [termThere, crcThere] = (statements.readHead.get(throughIndex) ?? []) as [number?, number?];
  if (termThere === term) {
    statements.removeThrough.run(throughIndex);
    return { ...state, ...base, compactedCrc: crcThere! };
  }
  statements.removeThrough.run(Math.max(state.lastIndex, throughIndex));
  const crc = snapshotCrc(throughIndex, term, diskId);
  return { ...state, ...base, compactedCrc: crc, lastIndex: throughIndex, lastTerm: term, lastCrc: crc };
}

function openLog(file: string): SqliteDatabase {
  makeWal(file);
  return openSqliteFile(file, RAFT_LOG_FORMAT, CACHE);
}

function crcAt({ readHead }: Statements, state: RaftState, index: number): number {
  if (index === state.lastIndex) return state.lastCrc;
  if (index === state.compactedIndex) return state.compactedCrc;
  return (readHead.get(index) as [number, number])[1];
}

function prepareAll(database: SqliteDatabase) {
  const prepare = (sql: string): SqliteStatement => database.prepare(sql);
  return {
    putEntry: prepare('INSERT INTO entry VALUES (?, ?, ?, ?, ?)'),
    removeFrom: prepare('DELETE FROM entry WHERE log_index >= ?'),
    removeThrough: prepare('DELETE FROM entry WHERE log_index <= ?'),
    readHead: prepare('SELECT term, crc FROM entry WHERE log_index = ?').raw(),
    putState: prepare('REPLACE INTO state VALUES (0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)'),
    // A disk is never back at an earlier start: that would be a copy of it.
    putPeer: prepare(
      `INSERT INTO peer VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET (disk_id, boot, crc) = (excluded.disk_id, excluded.boot, excluded.crc)
       WHERE disk_id <> excluded.disk_id OR boot < excluded.boot`,
    ),
  };
}
