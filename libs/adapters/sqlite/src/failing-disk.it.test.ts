import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import type { Journal, RaftLogStore } from '@varve/ports';
import { type ChildModule, collect, newTempDirectory, openInChild } from '@varve/ports/contract';
import { join } from 'node:path';
import { openJournal } from './open-journal.ts';
import { openRaftLogStore } from './open-raft-log-store.ts';
import { storageError } from './storage-error.ts';

// Methodology: the adapter runs in a child whose writes beyond a file size fail with an I/O error of the operating system.
const FILE_SIZE_BLOCK_COUNT_MAX = 1_000; // half a megabyte
const FRAME = new Uint8Array(20_000);
const WHO = { clusterId: 'c', peerId: 1, newDiskId: 'a1'.repeat(16) };

test('S2: after a failed commit the journal refuses every append; what it acknowledged is there', async () => {
  const directory = newTempDirectory();
  const child: ChildModule = {
    module: new URL('./open-journal.ts', import.meta.url),
    factory: 'openJournal',
    args: [{ directory }],
    iterables: ['read'],
    fileSizeBlockCountMax: FILE_SIZE_BLOCK_COUNT_MAX,
  };
  const { port: journal, kill } = await openInChild<Journal>(child);
  const calls = Array.from({ length: 60 }, (_, index) => journal.append([{ shard: 1, seq: index + 1, frame: FRAME }]));
  const outcomes = await Promise.allSettled(calls);
  const ackedCount = outcomes.filter(({ status }) => status === 'fulfilled').length;
  expect(outcomes.slice(ackedCount).every(({ status }) => status === 'rejected')).toBe(true); // none after the first failure
  await expect(journal.append([{ shard: 1, seq: 61, frame: new Uint8Array(1) }])).rejects.toMatchObject({
    code: 'STORAGE_FAILED',
  });
  await kill();

  const reopened = await openJournal({ directory });
  const kept = await collect(reopened.read(1, 0));
  await reopened.close();
  expect(ackedCount).toBeLessThan(60);
  expect(kept.length).toBeGreaterThanOrEqual(ackedCount);
  expect(kept.map(({ seq }) => seq)).toEqual(Array.from({ length: kept.length }, (_, index) => index + 1));
});

test('S2: after a failed write the Raft log refuses every other; what it acknowledged is there', async () => {
  const file = join(newTempDirectory(), 'raft.sqlite');
  const { port: store, kill } = await openInChild<RaftLogStore>({
    module: new URL('./open-raft-log-store.ts', import.meta.url),
    factory: 'openRaftLogStore',
    args: [{ file }],
    fileSizeBlockCountMax: FILE_SIZE_BLOCK_COUNT_MAX,
  });
  await store.begin(WHO);
  const persist = (index: number): Promise<void> =>
    store.persist({ term: index, votedFor: 1, commitIndex: 0 }, [{ index, term: index, kind: 1, payload: FRAME }]);
  const outcomes = await Promise.allSettled(Array.from({ length: 60 }, (_, index) => persist(index + 1)));
  const ackedCount = outcomes.findIndex(({ status }) => status === 'rejected');
  expect(ackedCount).toBeGreaterThan(0);
  expect(outcomes.slice(ackedCount).every(({ status }) => status === 'rejected')).toBe(true);
  await expect(store.persist({ term: 100, votedFor: 0, commitIndex: 0 }, [])).rejects.toMatchObject({
    code: 'STORAGE_FAILED',
  });
  await kill();

  const reopened = await openRaftLogStore({ file });
  await reopened.begin(WHO);
  const { hardState, entries } = await reopened.load();
  await reopened.close();
  expect(entries.length).toBeGreaterThanOrEqual(ackedCount);
  expect(hardState.term).toBe(entries.length);
});

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
