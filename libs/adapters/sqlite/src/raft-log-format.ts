import { dirname } from 'node:path';
import { DbError } from '@varve/base';
import type { KnownPeer, RaftIdentity, StoredEntry, StoredMembership } from '@varve/ports';
import { storageError } from './storage-error.ts';
import { applicationIdOf, blobOf, crcOf, damagedFile, type FileFormat, type SqliteDatabase } from './sqlite-file.ts';

// What stands in raft.sqlite: docs/formats/raft-log.md.

/** The single row of `state`, without its checksum. */
export interface RaftState {
  readonly term: number;
  readonly votedFor: number;
  readonly commitIndex: number;
  /** The end of the log, with the checksum of its last entry: a tail that is missing is noticed. */
  readonly lastIndex: number;
  readonly lastTerm: number;
  readonly lastCrc: number;
  readonly compactedIndex: number;
  readonly compactedTerm: number;
  /** What the checksum of the first entry goes on from. */
  readonly compactedCrc: number;
  /** How far the log had come when it lost something; 0 when it has not. */
  readonly damagedIndex: number;
  readonly damagedTerm: number;
  readonly membership: StoredMembership;
}

/** An entry that is as it was written, with its checksum. */
export interface SoundEntry {
  readonly entry: StoredEntry;
  readonly crc: number;
}

const TABLES = `
    CREATE TABLE identity (
      id INTEGER PRIMARY KEY CHECK (id = 0), cluster_id TEXT NOT NULL, peer_id INTEGER NOT NULL, disk_id TEXT NOT NULL, boot INTEGER NOT NULL,
      crc INTEGER NOT NULL
    );
    CREATE TABLE state (
      id INTEGER PRIMARY KEY CHECK (id = 0), term INTEGER NOT NULL, voted_for INTEGER NOT NULL, commit_index INTEGER NOT NULL,
      last_index INTEGER NOT NULL, last_term INTEGER NOT NULL, last_crc INTEGER NOT NULL,
      compacted_index INTEGER NOT NULL, compacted_term INTEGER NOT NULL, compacted_crc INTEGER NOT NULL,
      damaged_index INTEGER NOT NULL, damaged_term INTEGER NOT NULL, membership TEXT NOT NULL, crc INTEGER NOT NULL
    );
    CREATE TABLE peer (peer_id INTEGER PRIMARY KEY, disk_id TEXT NOT NULL, boot INTEGER NOT NULL, crc INTEGER NOT NULL);
    CREATE TABLE entry (log_index INTEGER PRIMARY KEY, term INTEGER NOT NULL, kind INTEGER NOT NULL, crc INTEGER NOT NULL, payload BLOB NOT NULL)`;

/** Entries are small as a rule, and each commit writes whole pages into the WAL. */
export const RAFT_PAGE_SIZE_BYTES = 4_096;

/** A file of it is blank until its first start: nothing is in its tables. */
export const RAFT_LOG_FORMAT: FileFormat = {
  kind: 'Raft log',
  applicationId: applicationIdOf('VRRL'),
  version: 2,
  pageSizeBytes: RAFT_PAGE_SIZE_BYTES,
  schema: TABLES,
};

/** What all checksums of a file go on from: a record of another disk does not fit. */
export function diskCrc(diskId: string): number {
  return crcOf([], utf8(diskId));
}

/** Goes on from the checksum of the entry before, so that an older record in the place of a newer one does not fit. */
export function entryCrc({ index, term, kind, payload }: StoredEntry, before: number): number {
  return crcOf([index, term, kind], payload, before);
}

/** What the first entry goes on from behind a snapshot whose last entry is not in the log. */
export function snapshotCrc(index: number, term: number, diskId: string): number {
  return crcOf([index, term], undefined, diskCrc(diskId));
}

/** Of a log in which nothing has happened. */
export function emptyState(diskId: string, membership: StoredMembership): RaftState {
  const start = snapshotCrc(0, 0, diskId);
  return {
    ...{ term: 0, votedFor: 0, commitIndex: 0 },
    ...{ lastIndex: 0, lastTerm: 0, lastCrc: start },
    ...{ compactedIndex: 0, compactedTerm: 0, compactedCrc: start },
    ...{ damagedIndex: 0, damagedTerm: 0, membership },
  };
}

/** The values of a row of `state`, in the order of its columns. */
export function stateValues(state: RaftState, diskId: string): (number | string)[] {
  const numbers = [
    ...[state.term, state.votedFor, state.commitIndex],
    ...[state.lastIndex, state.lastTerm, state.lastCrc],
    ...[state.compactedIndex, state.compactedTerm, state.compactedCrc],
    ...[state.damagedIndex, state.damagedTerm],
  ];
  const { voters, outgoing, learners, greatestId } = state.membership;
  const membership = JSON.stringify({ voters, outgoing, learners, greatestId });
  return [...numbers, membership, crcOf(numbers, utf8(membership), diskCrc(diskId))];
}

/** The values of a row of `identity`, in the order of its columns. */
export function identityValues({ clusterId, peerId, diskId, boot }: RaftIdentity): (number | string)[] {
  return [clusterId, peerId, diskId, boot, crcOf([peerId, boot], utf8(clusterId), diskCrc(diskId))];
}

/** The values of a row of `peer`, in the order of its columns. */
export function peerValues({ peerId, diskId, boot }: KnownPeer, ownDiskId: string): (number | string)[] {
  return [peerId, diskId, boot, crcOf([peerId, boot], utf8(diskId), diskCrc(ownDiskId))];
}

/** @returns undefined of a blank file @throws DbError STORAGE_CORRUPT */
export function readIdentity(database: SqliteDatabase): RaftIdentity | undefined {
  const row = database.prepare('SELECT cluster_id, peer_id, disk_id, boot, crc FROM identity').raw().get() as unknown[] | undefined;
  if (row === undefined) {
    if (database.prepare('SELECT 1 FROM state UNION ALL SELECT 1 FROM entry LIMIT 1').get() === undefined) return undefined;
    throw damagedFile(database.name, 'it has a log and does not say whose');
  }
  const [clusterId, peerId, diskId, boot] = row as [string, number, string, number, number];
  const identity = { clusterId, peerId, diskId, boot };
  if (!isWhole(peerId, boot) || !isSame(row, identityValues(identity))) throw damagedFile(database.name, 'the checksum of its identity is wrong');
  return identity;
}

/** @throws DbError STORAGE_CORRUPT */
export function readState(database: SqliteDatabase, diskId: string): RaftState {
  const row = database
    .prepare(
      `SELECT term, voted_for, commit_index, last_index, last_term, last_crc, compacted_index, compacted_term, compacted_crc,
         damaged_index, damaged_term, membership, crc FROM state`,
    )
    .raw()
    .get() as unknown[] | undefined;
  if (row === undefined) throw damagedFile(database.name, 'the hard state is missing');
  const numbers = row.slice(0, 11) as number[];
  const [term, votedFor, commitIndex, lastIndex, lastTerm, lastCrc] = numbers as [number, number, number, number, number, number];
  const [compactedIndex, compactedTerm, compactedCrc, damagedIndex, damagedTerm] = numbers.slice(6) as [number, number, number, number, number];
  const [membership, crc] = row.slice(11) as [unknown, unknown];
  const isSound = isWhole(...numbers) && typeof membership === 'string' && crc === crcOf(numbers, utf8(membership), diskCrc(diskId));
  if (!isSound) throw damagedFile(database.name, 'the checksum of the hard state is wrong');
  return {
    ...{ term, votedFor, commitIndex, lastIndex, lastTerm, lastCrc },
    ...{ compactedIndex, compactedTerm, compactedCrc, damagedIndex, damagedTerm },
    membership: JSON.parse(membership) as StoredMembership,
  };
}

/** @throws DbError STORAGE_CORRUPT */
export function readPeers(database: SqliteDatabase, ownDiskId: string): KnownPeer[] {
  const rows = database.prepare('SELECT peer_id, disk_id, boot, crc FROM peer ORDER BY peer_id').raw().all() as unknown[][];
  return rows.map((row) => {
    const [peerId, diskId, boot] = row as [number, string, number, number];
    const peer = { peerId, diskId, boot };
    if (!isWhole(peerId, boot) || !isSame(row, peerValues(peer, ownDiskId))) throw damagedFile(database.name, `the checksum of what is known of peer ${peerId} is wrong`);
    return peer;
  });
}

/**
 * Reads the log for as long as it is as it was written. @returns why it stops, or undefined at its end
 * @throws DbError STORAGE_CORRUPT when the hard state is older than the log: a vote may be lost
 */
export function* readEntries(database: SqliteDatabase, state: RaftState): Generator<SoundEntry, string | undefined> {
  let before = { index: state.compactedIndex, term: state.compactedTerm, crc: state.compactedCrc };
  for (const row of entryRows(database, state.compactedIndex)) {
    if (typeof row === 'string') return row;
    const [index, term, kind, crc, payload] = row as [number, number, number, number, unknown];
    const entry: StoredEntry = { index, term, kind, payload: blobOf(payload) };
    if (index !== before.index + 1) return `entry ${index} stands where ${before.index + 1} is due`;
    if (!isWhole(index, term, kind) || crc !== entryCrc(entry, before.crc)) return `the checksum of entry ${index} is wrong`;
    if (index > state.lastIndex || term > state.term) throw damagedFile(database.name, `its hard state is older than entry ${index}`);
    yield { entry, crc };
    before = { index, term, crc };
  }
  if (before.index < state.lastIndex) return `the log ends at ${before.index}, not at ${state.lastIndex}`;
  return before.crc === state.lastCrc && before.term === state.lastTerm ? undefined : `entry ${before.index} is not the one that was written last`;
}

/** The last one is a text when the pages behind it are damaged. */
function* entryRows(database: SqliteDatabase, afterIndex: number): Generator<unknown[] | string> {
  const rows = database.prepare('SELECT log_index, term, kind, crc, payload FROM entry WHERE log_index > ? ORDER BY log_index').raw();
  try {
    yield* rows.iterate(afterIndex) as IterableIterator<unknown[]>;
  } catch (error) {
    const { code, message } = storageError(error, database.name);
    if (code !== 'STORAGE_CORRUPT') throw error;
    yield message;
  }
}

/** @throws DbError META_IDENTITY */
export function checkIdentity(path: string, found: RaftIdentity, wanted: { readonly clusterId: string; readonly peerId: number }): void {
  if (found.clusterId === wanted.clusterId && found.peerId === wanted.peerId) return;
  const nameOf = ({ clusterId, peerId }: { readonly clusterId: string; readonly peerId: number }): string => `meta peer ${peerId} of cluster "${clusterId}"`;
  const directory = dirname(path);
  throw new DbError(
    'META_IDENTITY',
    `data directory ${directory} belongs to ${nameOf(found)}, not to ${nameOf(wanted)}: give that one an empty directory of its own, or start this one with its own peer id and cluster id`,
    { directory, found: { clusterId: found.clusterId, peerId: found.peerId }, wanted: { clusterId: wanted.clusterId, peerId: wanted.peerId } },
  );
}

/** In a damaged file anything may stand in a row, and a checksum takes a null for a zero. */
function isWhole(...numbers: readonly unknown[]): boolean {
  return numbers.every(Number.isSafeInteger);
}

function isSame(row: readonly unknown[], expected: readonly (number | string)[]): boolean {
  return expected.every((value, at) => value === row[at]);
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(String(text));
}
