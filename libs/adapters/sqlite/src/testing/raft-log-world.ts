import Database from 'better-sqlite3';
import { cpSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';
import { newTempDirectory } from '@varve/ports/contract';
import type { KnownPeer, RaftIdentity, StoredEntry, StoredHardState, StoredRaft } from '@varve/ports';
import { RaftLogFile } from '../raft-log-file.ts';
import { packEntries, unpackEntries, type RaftLogWrite } from '../raft-log-writes.ts';

/** Whose logs the tests write. */
export const OWNER = { clusterId: 'c', peerId: 1, newDiskId: 'a1'.repeat(16) };

/** Entries from one index through another, whose payloads tell which they are. */
export function entriesOf(first: number, last: number, term: number, sizeBytes = 100): StoredEntry[] {
  return Array.from({ length: last - first + 1 }, (_, at) => ({ index: first + at, term, kind: 1, payload: Buffer.alloc(sizeBytes, `${term}:${first + at} `) }));
}

/** A change that persists. */
export function persisting(hardState: StoredHardState | undefined, entries: readonly StoredEntry[]): RaftLogWrite {
  return { kind: 'persist', hardState, packed: packEntries(entries) };
}

/** All that a log says when it begins. */
export type RaftLogContent = Omit<StoredRaft, 'entries'> & {
  readonly identity: RaftIdentity;
  readonly known: readonly KnownPeer[];
  readonly entries: readonly (Omit<StoredEntry, 'payload'> & { readonly payload: string })[];
};

/** Begins a log, reads it, and closes it. */
export function readRaftLog(file: string, owner = OWNER): RaftLogContent {
  const log = new RaftLogFile({ file });
  try {
    const { identity, known } = log.begin(owner);
    const { packed, ...rest } = log.load();
    return { identity, known, ...rest, entries: unpackEntries(packed).map((entry) => ({ ...entry, payload: Buffer.from(entry.payload).toString() })) };
  } finally {
    log.close();
  }
}

/** A copy of a file with what belongs to it, as a power cut would leave it now. @returns its path */
export function copyOf(file: string): string {
  const directory = newTempDirectory();
  cpSync(dirname(file), directory, { recursive: true });
  return join(directory, basename(file));
}

/** As release 0.1.0 wrote it: 40 entries, two of which are compacted away. */
export function writeFormat1(file: string): void {
  const crcOf = (numbers: number[], bytes = Buffer.alloc(0)): number => crc32(bytes, crc32(new Uint8Array(new Float64Array(numbers).buffer)));
  const database = new Database(file);
  database.pragma('page_size = 16384');
  database.pragma('journal_mode = WAL');
  database.exec(`
    CREATE TABLE entry (log_index INTEGER PRIMARY KEY, term INTEGER NOT NULL, kind INTEGER NOT NULL, payload BLOB NOT NULL, crc INTEGER NOT NULL);
    CREATE TABLE hard_state (
      id INTEGER PRIMARY KEY CHECK (id = 0), term INTEGER NOT NULL, voted_for INTEGER NOT NULL, commit_index INTEGER NOT NULL,
      compacted_index INTEGER NOT NULL, compacted_term INTEGER NOT NULL, crc INTEGER NOT NULL
    );
    PRAGMA application_id = ${0x5652524c};
    PRAGMA user_version = 1`);
  database.prepare('INSERT INTO hard_state VALUES (0, 7, 1, 39, 2, 3, ?)').run(crcOf([7, 1, 39, 2, 3]));
  const put = database.prepare('INSERT INTO entry VALUES (?, ?, ?, ?, ?)');
  for (const { index, term, kind, payload } of entriesOf(3, 40, 5)) put.run(index, term, kind, payload, crcOf([index, term, kind], Buffer.from(payload)));
  database.close();
}
