import Database from 'better-sqlite3';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { newTempDirectory, openInChild } from '@varve/ports/contract';
import { lockDataDirectory, type DataDirectoryLock } from './lock-data-directory.ts';

const lockedBy = (directory: string, pid: number) =>
  expect.objectContaining({
    code: 'STORAGE_LOCKED',
    message: `data directory ${directory} is in use by another Varve process (pid ${pid})`,
  });

test('S6: a directory that another process has is refused by name and pid, until that process is killed', async () => {
  const directory = join(newTempDirectory(), 'made', 'by', 'the lock');
  const holder = await openInChild<DataDirectoryLock>({
    module: new URL('./lock-data-directory.ts', import.meta.url),
    factory: 'lockDataDirectory',
    args: [directory],
  });
  expect(() => lockDataDirectory(directory)).toThrow(lockedBy(directory, holder.pid));
  expect(() => lockDataDirectory(directory)).toThrow(lockedBy(directory, holder.pid));
  await holder.kill();
  lockDataDirectory(directory).release();
});

test('S6: a second lock in the same process is refused too; a released directory can be locked again', () => {
  const directory = newTempDirectory();
  const lock = lockDataDirectory(directory);
  expect(() => lockDataDirectory(directory)).toThrow(lockedBy(directory, process.pid));
  lock.release();
  lockDataDirectory(directory).release();
});

test('S4: a directory of a newer format is refused and not touched', () => {
  const directory = newTempDirectory();
  lockDataDirectory(directory).release();
  const path = join(directory, 'varve.lock');
  const database = new Database(path);
  database.pragma('user_version = 2');
  database.close();
  const before = readFileSync(path);
  const refusal = {
    code: 'STORAGE_NEWER_FORMAT',
    message: expect.stringContaining(`${directory} was written by a newer version`) as string,
  };
  expect(() => lockDataDirectory(directory)).toThrow(expect.objectContaining(refusal));
  expect(Buffer.compare(readFileSync(path), before)).toBe(0);
});

test('a file where the directory should be, and a damaged lock file, are told apart', () => {
  const directory = newTempDirectory();
  const file = join(directory, 'file');
  writeFileSync(file, 'text');
  expect(() => lockDataDirectory(file)).toThrow(expect.objectContaining({ code: 'STORAGE_UNWRITABLE' }));
  expect(readFileSync(file, 'utf8')).toBe('text');

  const damaged = join(directory, 'damaged');
  mkdirSync(damaged);
  writeFileSync(join(damaged, 'varve.lock'), 'This is no database, but long enough to be looked at. '.repeat(20));
  expect(() => lockDataDirectory(damaged)).toThrow(expect.objectContaining({ code: 'STORAGE_CORRUPT' }));
  expect(existsSync(join(damaged, 'varve.pid'))).toBe(false);
});
