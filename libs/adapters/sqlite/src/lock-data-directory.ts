import Database from 'better-sqlite3';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DbError } from '@varve/base';
import { makeDirectory } from './sqlite-file.ts';
import { inFile, storageError } from './storage-error.ts';

/** The layout of a data directory as a whole: which files there are and what they mean to each other. */
const DIRECTORY_FORMAT = 1;
const LOCK_FILE = 'varve.lock';
/** Beside the lock, because a locked file cannot be read: only for the message. */
const PID_FILE = 'varve.pid';

/** A connection that nobody refers to is closed by the garbage collector, and its lock is gone. */
const held = new Set<Database.Database>();

/** A data directory that belongs to this process. */
export interface DataDirectoryLock {
  readonly directory: string;
  /** Lets another process have the directory. */
  release(): void;
}

/**
 * Takes a data directory for this process, and makes it when it is not there. The lock is SQLite's on a file of its own:
 * the operating system takes it back when the process dies, in whatever way.
 * @throws DbError STORAGE_LOCKED when another process has it
 * @throws DbError STORAGE_NEWER_FORMAT when a newer version of Varve has written it
 * @throws DbError STORAGE_UNWRITABLE, STORAGE_CORRUPT, STORAGE_FULL, STORAGE_FAILED
 */
export function lockDataDirectory(directory: string): DataDirectoryLock {
  makeDirectory(directory);
  const path = join(directory, LOCK_FILE);
  const database = inFile(path, () => new Database(path, { timeout: 0 }));
  try {
    takeLock(database, directory);
    checkFormat(database, directory);
    inFile(path, () => writeFileSync(join(directory, PID_FILE), `${process.pid}\n`));
  } catch (error) {
    database.close();
    throw error;
  }
  held.add(database);
  return {
    directory,
    release: () => {
      held.delete(database);
      database.close();
    },
  };
}

/** In exclusive mode the lock outlives the transaction, until the file is closed. */
function takeLock(database: Database.Database, directory: string): void {
  try {
    database.pragma('locking_mode = EXCLUSIVE');
    database.exec('BEGIN EXCLUSIVE; COMMIT');
  } catch (error) {
    const failure = storageError(error, database.name);
    if (failure.code !== 'STORAGE_LOCKED') throw failure;
    const holder = holderOf(directory);
    const sentence = `data directory ${directory} is in use by another Varve process${holder === undefined ? '' : ` (pid ${holder})`}`;
    throw new DbError('STORAGE_LOCKED', sentence, { directory, holder }, { cause: error });
  }
}

function checkFormat(database: Database.Database, directory: string): void {
  inFile(database.name, () => {
    const found = database.pragma('user_version', { simple: true }) as number;
    if (found > DIRECTORY_FORMAT) {
      const sentence = `data directory ${directory} was written by a newer version of Varve: its format is ${found}, this version knows ${DIRECTORY_FORMAT}`;
      throw new DbError('STORAGE_NEWER_FORMAT', sentence, { directory, found, known: DIRECTORY_FORMAT });
    }
    if (found < DIRECTORY_FORMAT) database.pragma(`user_version = ${DIRECTORY_FORMAT}`);
  });
}

function holderOf(directory: string): number | undefined {
  try {
    return Number(readFileSync(join(directory, PID_FILE), 'utf8')) || undefined;
  } catch (error) {
    storageError(error, directory); // throws what is not a failure of the file system
    return undefined;
  }
}
