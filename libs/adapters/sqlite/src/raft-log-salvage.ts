import { DbError } from '@varve/base';
import type { KnownPeer, RaftIdentity } from '@varve/ports';
import { identityValues, peerValues, RAFT_LOG_FORMAT, readEntries, stateValues, type RaftState } from './raft-log-format.ts';
import { buildSqliteFile, checkIntegrity, checkpoint, type SqliteDatabase } from './sqlite-file.ts';

/** What a Raft log's file holds beside its entries. */
export interface RaftLogRecords {
  readonly identity: RaftIdentity;
  readonly known: readonly KnownPeer[];
  readonly state: RaftState;
}

/**
 * Why a log is not as it was written, or undefined. Reads all of it.
 * @throws DbError STORAGE_CORRUPT when the hard state is older than the log
 */
export function faultOf(database: SqliteDatabase, state: RaftState): string | undefined {
  try {
    checkIntegrity(database);
  } catch (error) {
    if (error instanceof DbError && error.code === 'STORAGE_CORRUPT') return error.message;
    throw error;
  }
  const entries = readEntries(database, state);
  for (;;) {
    const next = entries.next();
    if (next.done === true) return next.value;
  }
}

/**
 * Replaces a damaged file by one with its records and the entries before the damage, and closes it. The new one remembers
 * how far the log had come. A crash leaves the damaged file, and it is done again, or the new one.
 */
export function salvage(database: SqliteDatabase, { identity, known, state }: RaftLogRecords, options: { readonly cacheSizeBytes: number }): void {
  const path = database.name;
  buildSqliteFile(path, RAFT_LOG_FORMAT, options, (target) => {
    target.prepare('INSERT INTO identity VALUES (0, ?, ?, ?, ?, ?)').run(...identityValues(identity));
    const putPeer = target.prepare('INSERT INTO peer VALUES (?, ?, ?, ?)');
    for (const peer of known) putPeer.run(...peerValues(peer, identity.diskId));
    const saved = copyEntries(database, target, state);
    target.prepare('INSERT INTO state VALUES (0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)').run(...stateValues(saved, identity.diskId));
    // Before the new file gets this one's name: what its WAL holds belongs to no other file.
    checkpoint(database, 'TRUNCATE');
    database.close();
  });
}

/** @returns the state of the log as it is in the target */
function copyEntries(source: SqliteDatabase, target: SqliteDatabase, state: RaftState): RaftState {
  const put = target.prepare('INSERT INTO entry VALUES (?, ?, ?, ?, ?)');
  const { compactedIndex, compactedTerm, compactedCrc } = state;
  let end = { lastIndex: compactedIndex, lastTerm: compactedTerm, lastCrc: compactedCrc };
  for (const { entry, crc } of readEntries(source, state)) {
    put.run(entry.index, entry.term, entry.kind, crc, entry.payload);
    end = { lastIndex: entry.index, lastTerm: entry.term, lastCrc: crc };
  }
  const isWhole = end.lastIndex === state.lastIndex && end.lastCrc === state.lastCrc;
  if (isWhole) return state;
  return {
    ...state,
    ...end,
    commitIndex: Math.min(state.commitIndex, compactedIndex),
    damagedIndex: Math.max(state.damagedIndex, state.lastIndex),
    damagedTerm: Math.max(state.damagedTerm, state.lastTerm),
  };
}
