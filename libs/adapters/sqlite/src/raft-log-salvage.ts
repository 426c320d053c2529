import { DbError, type SizeBytes } from '@varve/base';
import type { KnownPeer, RaftIdentity } from '@varve/ports';
import { identityValues, peerValues, RAFT_LOG_FORMAT, readEntries, stateValues, type RaftState, type SoundEntry } from './raft-log-format.ts';
import { buildSqliteFile, checkIntegrity, checkpoint, type SqliteDatabase } from './sqlite-file.ts';

/** What a Raft log's file holds beside its entries. */
export interface RaftLogRecords {
  readonly identity: RaftIdentity;
  readonly known: readonly KnownPeer[];
  readonly state: RaftState;
}

/** A log as far as it is as it was written. */
export interface SoundLog {
  readonly entries: readonly SoundEntry[];
  /** Why the file cannot stay as it is; undefined when all is well. */
  readonly fault: string | undefined;
}

/**
 * Reads all of a log, and looks at the file's tree of pages.
 * @throws DbError STORAGE_CORRUPT when the hard state is older than the log
 */
export function readSoundLog(database: SqliteDatabase, state: RaftState): SoundLog {
  const entries: SoundEntry[] = [];
  const reading = readEntries(database, state);
  for (;;) {
    const next = reading.next();
    if (next.done === true) return { entries, fault: next.value ?? faultOfPages(database) };
    entries.push(next.value);
  }
}

function faultOfPages(database: SqliteDatabase): string | undefined {
  try {
    checkIntegrity(database);
    return undefined;
  } catch (error) {
    if (error instanceof DbError && error.code === 'STORAGE_CORRUPT') return error.message;
    throw error;
  }
}

/**
 * Replaces a damaged file by one with its records and the entries before the damage, and closes it. The new one remembers
 * how far the log had come. A crash leaves the damaged file, and it is done again, or the new one. @returns the state there
 */
export function salvage(database: SqliteDatabase, { identity, known, state }: RaftLogRecords, sound: readonly SoundEntry[], options: { readonly cacheSizeBytes: SizeBytes }): RaftState {
  const saved = stateWith(state, sound);
  buildSqliteFile(database.name, RAFT_LOG_FORMAT, options, (target) => {
    target.prepare('INSERT INTO identity VALUES (0, ?, ?, ?, ?, ?)').run(...identityValues(identity));
    target.prepare('INSERT INTO state VALUES (0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)').run(...stateValues(saved, identity.diskId));
    const putPeer = target.prepare('INSERT INTO peer VALUES (?, ?, ?, ?)');
    for (const peer of known) putPeer.run(...peerValues(peer, identity.diskId));
    const putEntry = target.prepare('INSERT INTO entry VALUES (?, ?, ?, ?, ?)');
    for (const { entry, crc } of sound) putEntry.run(entry.index, entry.term, entry.kind, crc, entry.payload);
    // Before the new file gets this one's name: what is in this one's WAL belongs to no other file.
    checkpoint(database, 'TRUNCATE');
    database.close();
  });
  return saved;
}

/** Which of the entries that are left were committed is not known: one may be of an earlier time. */
function stateWith(state: RaftState, sound: readonly SoundEntry[]): RaftState {
  const { compactedIndex, compactedTerm, compactedCrc } = state;
  const last = sound.at(-1);
  const end =
    last === undefined
      ? { lastIndex: compactedIndex, lastTerm: compactedTerm, lastCrc: compactedCrc }
      : { lastIndex: last.entry.index, lastTerm: last.entry.term, lastCrc: last.crc };
  if (end.lastIndex === state.lastIndex && end.lastCrc === state.lastCrc) return state;
  return {
    ...state,
    ...end,
    commitIndex: Math.min(state.commitIndex, compactedIndex),
    damagedIndex: Math.max(state.damagedIndex, state.lastIndex),
    damagedTerm: Math.max(state.damagedTerm, state.lastTerm),
  };
}
