import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { storageError } from './storage-error.ts';

test('failures of SQLite and of the file system get their code by their kind', () => {
  const check = (code: string, expected: string): void =>
    expect(storageError(Object.assign(new Error('reason'), { code }), '/data/x').code, code).toBe(expected);

  check('SQLITE_FULL', 'STORAGE_FULL');
  check('ENOSPC', 'STORAGE_FULL');
  check('SQLITE_CORRUPT', 'STORAGE_CORRUPT');
  check('SQLITE_CORRUPT_INDEX', 'STORAGE_CORRUPT');
  check('SQLITE_NOTADB', 'STORAGE_CORRUPT');
  check('SQLITE_ERROR', 'STORAGE_CORRUPT'); // no such table
  check('SQLITE_BUSY', 'STORAGE_LOCKED');
  check('SQLITE_CANTOPEN', 'STORAGE_UNWRITABLE');
  check('SQLITE_READONLY_DIRECTORY', 'STORAGE_UNWRITABLE');
  check('EACCES', 'STORAGE_UNWRITABLE');
  check('ENOTDIR', 'STORAGE_UNWRITABLE');
  check('SQLITE_IOERR_FSYNC', 'STORAGE_FAILED');
  check('EIO', 'STORAGE_FAILED');
});

test("SQLite's own word for a full disk becomes STORAGE_FULL; a bug of ours stays what it is", () => {
  const database = new Database(':memory:');
  database.exec('CREATE TABLE t (x BLOB)');
  database.pragma('max_page_count = 3');
  const fill = (): unknown => database.prepare('INSERT INTO t VALUES (zeroblob(100000))').run();
  let caught: unknown;
  try {
    fill();
  } catch (error) {
    caught = error;
  }
  expect(storageError(caught, '/data/x')).toMatchObject({
    code: 'STORAGE_FULL',
    message: expect.stringContaining('/data/x') as string,
  });
  const bug = new TypeError('undefined is not a function');
  expect(() => storageError(bug, '/data/x')).toThrow(bug);
});
