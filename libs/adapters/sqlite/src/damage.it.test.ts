import { Prng } from '@varve/base';
import type { ErrorCode } from '@varve/base';
import Database from 'better-sqlite3';
import { cpSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { collect, newTempDirectory } from '@varve/ports/contract';
import { JournalFiles } from './journal-files.ts';
import { openJournal } from './open-journal.ts';
import { openRaftLogStore } from './open-raft-log-store.ts';
import { openShardStore } from './open-shard-store.ts';
import { RaftLogFile } from './raft-log-file.ts';
import { ShardFiles } from './shard-files.ts';
import { batchOf, readAll, textsOf } from './testing/journal-world.ts';

const JOURNAL_FILE = 'journal-000001.sqlite';
const refusal = (code: ErrorCode, text: string) =>
  expect.objectContaining({ name: 'DbError', code, message: expect.stringContaining(text) as string });

/** A closed journal with rows 1 to 50 of shards 1 and 2. */
const writtenJournal = (): { readonly directory: string; readonly path: string } => {
  const directory = newTempDirectory();
  const journal = new JournalFiles({ directory });
  for (const shard of [1, 2]) for (let seq = 1; seq <= 50; seq += 5) journal.append(batchOf(shard, seq, seq + 4, 900));
  journal.trim(2, 3);
  journal.close();
  return { directory, path: join(directory, JOURNAL_FILE) };
};
const writtenRaftLog = (): string => {
  const file = join(newTempDirectory(), 'raft.sqlite');
  const log = new RaftLogFile({ file });
  log.persist(
    { term: 5, votedFor: 2, commitIndex: 3 },
    Array.from({ length: 40 }, (_, index) => ({
      index: index + 1,
      term: 5,
      kind: 1,
      payload: Buffer.alloc(700, `entry ${index + 1} `),
    })),
  );
  log.compact(2, 5);
  log.close();
  return file;
};
const flipByteAt = (path: string, offset: number): void => {
  const bytes = readFileSync(path);
  bytes[offset] = bytes[offset]! ^ 0x10;
  writeFileSync(path, bytes);
};
const inSql = (path: string, sql: string): void => {
  const database = new Database(path);
  database.exec(sql);
  database.close();
};
/** What opening and reading everything gives: the content, or the code of the refusal. */
const outcomeOf = (read: () => unknown): unknown => {
  try {
    return read();
  } catch (error) {
    expect(error, String(error)).toMatchObject({ name: 'DbError' });
    return (error as { code: string }).code;
  }
};

test('S5: a changed byte in a frame is found when the row is read, and named with its file', async () => {
  const { directory, path } = writtenJournal();
  const bytes = readFileSync(path); // SQLite may have left older copies of the row
  for (let at = bytes.indexOf('frame 1/7'); at >= 0; at = bytes.indexOf('frame 1/7', at + 1))
    flipByteAt(path, at + 100);
  const journal = await openJournal({ directory });
  const rows = journal.read(1, 0);
  await expect((async () => void (await collect(rows)))()).rejects.toThrow(
    refusal('STORAGE_CORRUPT', `${path} is damaged`),
  );
  expect((await collect(journal.read(2, 3))).length).toBe(47);
  await journal.close();
});

test('S5: no changed byte of a journal file changes what is read: it is refused, or it did not matter', () => {
  const { directory } = writtenJournal();
  const content = (at: string): unknown => {
    const journal = new JournalFiles({ directory: at });
    try {
      return [readAll(journal, 1), readAll(journal, 2), journal.extents()];
    } finally {
      journal.close();
    }
  };
  const expected = [
    textsOf(1, 1, 50),
    textsOf(2, 4, 50),
    [
      { shard: 1, firstSeq: 1, lastSeq: 50 },
      { shard: 2, firstSeq: 4, lastSeq: 50 },
    ],
  ];
  const prng = new Prng(42);
  const size = readFileSync(join(directory, JOURNAL_FILE)).length;
  const offsets = Array.from({ length: 150 }, (_, index) => (index < 100 ? index : prng.between(100, size - 1)));
  let refusedCount = 0;
  for (const offset of offsets) {
    const copy = newTempDirectory();
    cpSync(directory, copy, { recursive: true });
    flipByteAt(join(copy, JOURNAL_FILE), offset);
    const outcome = outcomeOf(() => content(copy));
    if (typeof outcome === 'string') refusedCount += 1;
    else expect(outcome, `byte ${offset}`).toEqual(expected);
  }
  expect(refusedCount).toBeGreaterThan(20);
});

test('S5: no changed byte of a Raft log changes what is loaded', () => {
  const file = writtenRaftLog();
  const content = (at: string): unknown => {
    const log = new RaftLogFile({ file: at });
    try {
      return log.load();
    } finally {
      log.close();
    }
  };
  const expected = content(file);
  const prng = new Prng(43);
  const size = readFileSync(file).length;
  let refusedCount = 0;
  for (let round = 0; round < 150; round += 1) {
    const copy = join(newTempDirectory(), 'raft.sqlite');
    cpSync(file, copy);
    const offset = prng.between(0, size - 1);
    flipByteAt(copy, offset);
    const outcome = outcomeOf(() => content(copy));
    if (typeof outcome === 'string') refusedCount += 1;
    else expect(outcome, `byte ${offset}`).toEqual(expected);
  }
  expect(refusedCount).toBeGreaterThan(20);
});

test('a journal file that is cut off, empty, foreign or of another kind is refused by name', async () => {
  const check = async (damage: (path: string) => void): Promise<void> => {
    const { directory, path } = writtenJournal();
    damage(path);
    await expect(openJournal({ directory })).rejects.toThrow(refusal('STORAGE_CORRUPT', `${path} is damaged`));
  };
  await check((path) => truncateSync(path, 40_000));
  await check((path) => truncateSync(path, 0));
  await check((path) =>
    writeFileSync(path, 'This is no database, but it is long enough to be looked at as one. '.repeat(20)),
  );
  await check((path) => cpSync(writtenRaftLog(), path));
});

test('a row that is missing is found, in the middle and at the end', async () => {
  const check = (sql: string): void => {
    const { directory, path } = writtenJournal();
    inSql(path, sql);
    const outcome = outcomeOf(() => readAll(new JournalFiles({ directory }), 1));
    expect(outcome, sql).toBe('STORAGE_CORRUPT');
  };
  check('DELETE FROM row WHERE shard = 1 AND seq = 20');
  check('DELETE FROM row WHERE shard = 1 AND seq = 50');
  check('UPDATE row SET seq = 51 WHERE shard = 1 AND seq = 50');
  check('UPDATE trimmed SET through_seq = 40');
});

test('S4: a file of a newer format is refused and not touched', async () => {
  const { directory, path } = writtenJournal();
  inSql(path, 'PRAGMA user_version = 2');
  const before = readFileSync(path);
  await expect(openJournal({ directory })).rejects.toThrow(
    refusal('STORAGE_NEWER_FORMAT', 'written by a newer version of Varve'),
  );
  expect(Buffer.compare(readFileSync(path), before)).toBe(0);

  const file = writtenRaftLog();
  inSql(file, 'PRAGMA user_version = 9');
  await expect(openRaftLogStore({ file })).rejects.toThrow(refusal('STORAGE_NEWER_FORMAT', file));
});

test('a Raft log whose hard state or entries were changed is refused', async () => {
  const check = async (sql: string): Promise<void> => {
    const file = writtenRaftLog();
    inSql(file, sql);
    await expect(openRaftLogStore({ file }), sql).rejects.toThrow(refusal('STORAGE_CORRUPT', `${file} is damaged`));
  };
  await check('UPDATE hard_state SET voted_for = 0');
  await check('UPDATE hard_state SET compacted_index = 3');
  await check('DELETE FROM hard_state');
  await check('DELETE FROM entry WHERE log_index = 20');
  await check('UPDATE entry SET term = 6 WHERE log_index = 40');
});

test('a damaged shard is refused; the others are served', async () => {
  const directory = newTempDirectory();
  const files = new ShardFiles({ directory });
  for (const shard of [1, 2]) {
    files.commit(shard, {
      series: [],
      chunks: [],
      removedChunkIds: [],
      state: { flushedSeq: shard, vector: new Uint8Array(3) },
    });
  }
  files.close();
  truncateSync(join(directory, 'shard-1.sqlite'), 20_000);
  const store = await openShardStore({ directory });
  await expect(store.readState(1)).rejects.toThrow(refusal('STORAGE_CORRUPT', 'shard-1.sqlite is damaged'));
  expect((await store.readState(2)).flushedSeq).toBe(2);
  await store.drop(1);
  expect(await store.shards()).toEqual([2]);
  await store.close();
});

test('a file that stands where a directory is wanted is an unwritable directory', async () => {
  const path = join(newTempDirectory(), 'data');
  writeFileSync(path, '');
  await expect(openJournal({ directory: path })).rejects.toThrow(refusal('STORAGE_UNWRITABLE', path));
  await expect(openShardStore({ directory: join(path, 'shards') })).rejects.toThrow(
    refusal('STORAGE_UNWRITABLE', path),
  );
  await expect(openRaftLogStore({ file: join(path, 'raft.sqlite') })).rejects.toThrow(
    refusal('STORAGE_UNWRITABLE', path),
  );
});
