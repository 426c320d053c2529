import Database from 'better-sqlite3';
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import { DbError, type SizeBytes } from '@varve/base';
import { inFile } from './storage-error.ts';

/**
 * How this room uses SQLite. Every file has one connection, which is its only writer, reader and checkpointer; commits
 * are synced (WAL with `synchronous=FULL`, read back). A file is built under another name and renamed when it is
 * complete, so that what has its final name was complete once: an empty or foreign file there is damage.
 */
export type SqliteDatabase = Database.Database;
export type SqliteStatement = Database.Statement<unknown[]>;

/** One kind of file: how it says what it is, and its tables. */
export interface FileFormat {
  /** For messages: `journal`. */
  readonly kind: string;
  /** SQLite's application_id: four letters. */
  readonly applicationId: number;
  /** SQLite's user_version, from 1. A file with a greater one is refused; a smaller one is for the caller to bring up. */
  readonly version: number;
  /** Smaller ones are refused. Default: any is brought up. */
  readonly oldestVersion?: number;
  /** Default {@link PAGE_SIZE_BYTES}. */
  readonly pageSizeBytes?: SizeBytes;
  readonly schema: string;
}

/** Before it SQLite could lose commits in WAL mode (the WAL-reset bug). */
const SQLITE_VERSION_MIN = '3.51.3';
/** Large, because blobs of some kilobytes to some hundred are what is stored. */
export const PAGE_SIZE_BYTES = 16_384;
const SYNCHRONOUS_FULL = 2;

/** Four letters as SQLite's application_id. */
export function applicationIdOf(letters: string): number {
  return [...letters].reduce((id, letter) => id * 256 + letter.charCodeAt(0), 0);
}

/**
 * Opens a file that is there. @throws DbError STORAGE_CORRUPT, STORAGE_NEWER_FORMAT, STORAGE_UNWRITABLE, STORAGE_LOCKED,
 * STORAGE_FAILED
 */
export function openSqliteFile(
  path: string,
  format: FileFormat,
  { cacheSizeBytes }: { readonly cacheSizeBytes: SizeBytes },
): SqliteDatabase {
  return inFile(path, () => {
    const database = new Database(path, { fileMustExist: true, timeout: 0 });
    try {
      database.pragma('locking_mode = EXCLUSIVE'); // first of all: WAL needs no shared memory then
      checkFormat(database, path, format);
      setUp(database, cacheSizeBytes);
      makeWalDurable(path);
      return database;
    } catch (error) {
      database.close();
      throw error;
    }
  });
}

/** Creates a file that is not there. A crash leaves either nothing under its name or the complete empty file. */
export function createSqliteFile(
  path: string,
  format: FileFormat,
  options: { readonly cacheSizeBytes: SizeBytes },
): SqliteDatabase {
  buildSqliteFile(path, format, options, () => undefined);
  return openSqliteFile(path, format, options);
}

/**
 * Makes a file with what `fill` puts into it, in place of the one of its name, which is closed. A crash leaves either what
 * was there before or the complete new one.
 */
export function buildSqliteFile(
  path: string,
  format: FileFormat,
  options: { readonly cacheSizeBytes: SizeBytes },
  fill: (database: SqliteDatabase) => void,
): void {
  const unfinished = `${path}${UNFINISHED_SUFFIX}`;
  inFile(path, () => {
    removeSqliteFile(unfinished);
    const database = new Database(unfinished, { timeout: 0 });
    try {
      database.pragma(`page_size = ${format.pageSizeBytes ?? PAGE_SIZE_BYTES}`);
      database.pragma('locking_mode = EXCLUSIVE');
      setUp(database, options.cacheSizeBytes);
      database.exec(`BEGIN; ${format.schema}`);
      fill(database);
      database.exec('COMMIT');
      database.pragma(`application_id = ${format.applicationId}`);
      database.pragma(`user_version = ${format.version}`);
      checkpoint(database, 'TRUNCATE'); // closing would do it too, and not say that it failed
    } finally {
      database.close();
    }
    renameSync(unfinished, path);
    syncDirectory(dirname(path));
  });
}

/**
 * Makes what SQLite has found in a file's WAL durable. A process that was killed, or whose sync failed, may have left it in
 * the page cache only; and what a failed sync has left there no later one writes. So all of it is written again, the same
 * bytes in the same places. Nobody else writes there: the file is locked.
 */
function makeWalDurable(path: string): void {
  const walPath = `${path}-wal`;
  if (!existsSync(walPath) || statSync(walPath).size === 0) return;
  const descriptor = openSync(walPath, 'r+');
  try {
    const piece = Buffer.alloc(REWRITTEN_SIZE_BYTES);
    for (let offset = 0, readBytes = -1; readBytes !== 0; offset += readBytes) {
      readBytes = readSync(descriptor, piece, 0, piece.length, offset);
      for (let written = 0; written < readBytes;) written += writeSync(descriptor, piece, written, readBytes - written, offset + written);
    }
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  syncDirectory(dirname(path));
}

const REWRITTEN_SIZE_BYTES = 1024 * 1024;

/**
 * Makes the name of a file's WAL durable before anything is written to it. SQLite syncs the directory too, but goes on when that
 * fails, and a WAL whose name is lost takes with it everything that was acknowledged.
 */
export function makeWal(path: string): void {
  inFile(path, () => {
    closeSync(openSync(`${path}-wal`, 'a'));
    syncDirectory(dirname(path));
  });
}

/** Files with it were never finished; they may be removed. */
export const UNFINISHED_SUFFIX = '.new';

/** The version of the format that a file was written in. */
export function versionOf(database: SqliteDatabase): number {
  return database.pragma('user_version', { simple: true }) as number;
}

/** The same as it stands in the file itself, before it is opened; 0 when it is too short to be one. */
export function fileVersionOf(path: string): number {
  const head = Buffer.alloc(FILE_HEAD_SIZE_BYTES);
  const descriptor = inFile(path, () => openSync(path, 'r'));
  try {
    inFile(path, () => readSync(descriptor, head));
  } finally {
    closeSync(descriptor);
  }
  return head.readUInt32BE(USER_VERSION_OFFSET);
}

const FILE_HEAD_SIZE_BYTES = 64;
const USER_VERSION_OFFSET = 60;

/** Damage of the tree of pages, and rows that an index does not have or has alone. Reads the whole file. @throws DbError STORAGE_CORRUPT */
export function checkIntegrity(database: SqliteDatabase): void {
  inFile(database.name, () => {
    const fault = database.pragma('integrity_check(1)', { simple: true });
    if (fault !== 'ok') throw damagedFile(database.name, String(fault));
  });
}

/** What is said of a file whose content is not as it was written. */
export function damagedFile(path: string, what: string): DbError {
  return new DbError('STORAGE_CORRUPT', `${path} is damaged: ${what}`, { path });
}

/**
 * Over numbers as little-endian float64, then bytes: a record that got another one's place is noticed too. It goes on from
 * `before`, the checksum of what comes before.
 */
export function crcOf(numbers: readonly number[], bytes: Uint8Array = NO_BYTES, before = 0): number {
  for (const [at, number] of numbers.entries()) CRC_HEAD[at] = number; // every machine that runs this is little-endian
  return crc32(bytes, crc32(CRC_HEADS[numbers.length]!, before));
}

/** A blob as plain bytes, without a copy. In a damaged file anything may stand there: no bytes then, and a wrong checksum. */
export function blobOf(value: unknown): Uint8Array {
  return value instanceof Uint8Array ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength) : NO_BYTES;
}

const NO_BYTES = new Uint8Array(0);
/** One for all checksums, because each record has one. */
const CRC_HEAD = new Float64Array(16);
const CRC_HEADS = Array.from({ length: CRC_HEAD.length + 1 }, (_, length) => new Uint8Array(CRC_HEAD.buffer, 0, length * Float64Array.BYTES_PER_ELEMENT));

/** Moves what the WAL holds into the file and makes the WAL empty. @throws DbError STORAGE_FULL, STORAGE_FAILED */
export function checkpoint(database: SqliteDatabase, mode: 'PASSIVE' | 'TRUNCATE'): void {
  inFile(database.name, () => database.pragma(`wal_checkpoint(${mode})`));
}

/** Deletes a closed file with everything that belongs to it. */
export function removeSqliteFile(path: string): void {
  inFile(path, () => {
    for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(`${path}${suffix}`, { force: true });
  });
}

/** Bytes of a file and its WAL. */
export function sqliteFileSizeBytes(path: string): SizeBytes {
  return [path, `${path}-wal`].reduce((sum, each) => sum + (existsSync(each) ? statSync(each).size : 0), 0);
}

/** Makes a directory, and its name durable. @throws DbError STORAGE_UNWRITABLE when something is in the way */
export function makeDirectory(path: string): void {
  inFile(path, () => {
    const firstMade = mkdirSync(path, { recursive: true });
    if (firstMade === undefined) return;
    for (let made = path; made.length >= firstMade.length; made = dirname(made)) syncDirectory(dirname(made));
  });
}

function syncDirectory(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Before anything is changed in the file. */
function checkFormat(database: SqliteDatabase, path: string, { kind, applicationId, version, oldestVersion = 0 }: FileFormat): void {
  if (database.pragma('application_id', { simple: true }) !== applicationId) {
    throw damagedFile(path, `it is not a Varve ${kind} file`);
  }
  const found = versionOf(database);
  if (found < oldestVersion) {
    const text = `${path}: ${kind} format ${found} is of a version before the first release, this version knows ${oldestVersion} to ${version}; read the data with the version that wrote it, and write it anew`;
    throw new DbError('STORAGE_OLDER_FORMAT', text, { path, found, version });
  }
  if (found > version) {
    throw new DbError(
      'STORAGE_NEWER_FORMAT',
      `${path} was written by a newer version of Varve: its ${kind} format is ${found}, this version knows ${version}`,
      { path, found, version },
    );
  }
}

function setUp(database: SqliteDatabase, cacheSizeBytes: SizeBytes): void {
  setPragma(database, 'journal_mode = WAL', 'journal_mode', 'wal');
  database.pragma('synchronous = FULL');
  checkSynced(database);
  setPragma(database, 'wal_autocheckpoint = 0', 'wal_autocheckpoint', 0); // its failures would go unnoticed
  database.pragma(`cache_size = -${Math.ceil(cacheSizeBytes / 1024)}`);
  database.pragma('cell_size_check = ON');
  database.pragma('trusted_schema = OFF');
  const version = database.prepare('SELECT sqlite_version()').pluck().get() as string;
  if (compareVersions(version, SQLITE_VERSION_MIN) < 0) {
    throw new DbError('STORAGE_FAILED', `SQLite ${version} is too old: ${SQLITE_VERSION_MIN} or newer is needed`);
  }
}

/** What a commit is worth: SQLite syncs it only with FULL, and the driver's default in WAL mode is less. @throws DbError STORAGE_FAILED */
export function checkSynced(database: SqliteDatabase): void {
  const level: unknown = database.pragma('synchronous', { simple: true });
  if (level === SYNCHRONOUS_FULL) return;
  throw new DbError('STORAGE_FAILED', `${database.name}: commits would not be synced, synchronous is ${String(level)} and not FULL (${SYNCHRONOUS_FULL})`);
}

/** Sets a pragma and reads it back: SQLite ignores what it does not know or cannot do. */
function setPragma(database: SqliteDatabase, setting: string, pragma: string, expected: unknown): void {
  database.pragma(setting);
  const actual: unknown = database.pragma(pragma, { simple: true });
  if (actual === expected) return;
  throw new DbError(
    'STORAGE_FAILED',
    `${database.name}: SQLite does not take "${setting}", ${pragma} is ${String(actual)}`,
  );
}

function compareVersions(left: string, right: string): number {
  const [ours, theirs] = [left.split('.').map(Number), right.split('.').map(Number)];
  const differing = ours.findIndex((part, index) => part !== theirs[index]);
  return differing < 0 ? 0 : ours[differing]! - (theirs[differing] ?? 0);
}
