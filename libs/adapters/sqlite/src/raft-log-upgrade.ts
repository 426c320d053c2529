import { EMPTY_MEMBERSHIP, type RaftIdentity, type StoredEntry } from '@varve/ports';
import { emptyState, entryCrc, identityValues, RAFT_LOG_FORMAT, snapshotCrc, stateValues } from './raft-log-format.ts';
import { blobOf, checkIntegrity, crcOf, damagedFile, type SqliteDatabase } from './sqlite-file.ts';

/** The format of release 0.1.0: no identity, no membership, and nothing that says where the log ends. */
export const FORMAT_WITHOUT_IDENTITY = 1;

/**
 * Brings a file of format 1 up to format 2, in one transaction: its disk gets an identity. Whoever voted is not in it, so
 * its membership is empty. @throws DbError STORAGE_CORRUPT on any damage: format 1 cannot say what was lost
 */
export function upgradeRaftLog(database: SqliteDatabase, identity: RaftIdentity): void {
  checkIntegrity(database);
  database.transaction(() => {
    const hardState = readHardState(database);
    const entries = readEntries(database, hardState.compactedIndex);
    database.exec(`DROP TABLE entry; DROP TABLE hard_state; ${RAFT_LOG_FORMAT.schema}`);
    const { diskId } = identity;
    const start = snapshotCrc(hardState.compactedIndex, hardState.compactedTerm, diskId);
    const put = database.prepare('INSERT INTO entry VALUES (?, ?, ?, ?, ?)');
    let last = { index: hardState.compactedIndex, term: hardState.compactedTerm, crc: start };
    for (const entry of entries) {
      last = { index: entry.index, term: entry.term, crc: entryCrc(entry, last.crc) };
      put.run(entry.index, entry.term, entry.kind, last.crc, entry.payload);
    }
    const end = { lastIndex: last.index, lastTerm: last.term, lastCrc: last.crc };
    const state = { ...emptyState(diskId, EMPTY_MEMBERSHIP), ...hardState, compactedCrc: start, ...end };
    database.prepare('INSERT INTO state VALUES (0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)').run(...stateValues(state, diskId));
    database.prepare('INSERT INTO identity VALUES (0, ?, ?, ?, ?, ?)').run(...identityValues(identity));
    database.pragma(`user_version = ${RAFT_LOG_FORMAT.version}`);
  })();
}

interface OldHardState {
  readonly term: number;
  readonly votedFor: number;
  readonly commitIndex: number;
  readonly compactedIndex: number;
  readonly compactedTerm: number;
}

function readHardState(database: SqliteDatabase): OldHardState {
  const row = database.prepare('SELECT term, voted_for, commit_index, compacted_index, compacted_term, crc FROM hard_state').raw().get() as number[] | undefined;
  if (row === undefined) throw damagedFile(database.name, 'the hard state is missing');
  const [term, votedFor, commitIndex, compactedIndex, compactedTerm, crc] = row as [number, number, number, number, number, number];
  if (crc !== crcOf(row.slice(0, 5))) throw damagedFile(database.name, 'the checksum of the hard state is wrong');
  return { term, votedFor, commitIndex, compactedIndex, compactedTerm };
}

function readEntries(database: SqliteDatabase, compactedIndex: number): StoredEntry[] {
  const rows = database.prepare('SELECT log_index, term, kind, payload, crc FROM entry ORDER BY log_index').raw().all() as unknown[][];
  return rows.map((row, at) => {
    const [index, term, kind, payload, crc] = row as [number, number, number, unknown, number];
    const entry = { index, term, kind, payload: blobOf(payload) };
    if (crc !== crcOf([index, term, kind], entry.payload)) throw damagedFile(database.name, `the checksum of entry ${index} is wrong`);
    const dueIndex = compactedIndex + 1 + at;
    if (index !== dueIndex) throw damagedFile(database.name, `entry ${index} stands where ${dueIndex} is due`);
    return entry;
  });
}
