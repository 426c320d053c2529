import { Prng } from '@varve/base';
import type { ErrorCode } from '@varve/base';
import Database from 'better-sqlite3';
import { cpSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { expect, test } from 'vitest';
import { NO_WATERMARK } from '@varve/model';
import { collect, newTempDirectory } from '@varve/ports/contract';
import { HintFile } from './hint-file.ts';
import { JournalFiles } from './journal-files.ts';
import { openJournal } from './open-journal.ts';
import { openRaftLogStore } from './open-raft-log-store.ts';
import { openShardStore } from './open-shard-store.ts';
import { RaftLogFile } from './raft-log-file.ts';
import { ShardFiles } from './shard-files.ts';
import { batchOf, readAll } from './testing/journal-world.ts';
import { entriesOf, OWNER, persisting, readRaftLog, type RaftLogContent } from './testing/raft-log-world.ts';

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
  log.begin(OWNER);
  log.write([
    persisting({ term: 5, votedFor: 2, commitIndex: 3 }, entriesOf(1, 40, 5, 700)),
    {
      kind: 'compact',
      throughIndex: 2,
      term: 5,
      membership: { voters: [1, 2, 3], outgoing: [], learners: [], greatestId: 3 },
    },
    { kind: 'remember', peer: { peerId: 2, diskId: 'b2'.repeat(16), boot: 4 } },
  ]);
  log.close();
  return file;
};
const writtenShard = (): string => {
  const directory = newTempDirectory();
  const files = new ShardFiles({ directory });
  const ids = Array.from({ length: 200 }, (_, index) => index + 1);
  for (const flushedSeq of [1, 2]) {
    files.commit(1, {
      series: ids.map((id) => ({ seriesId: flushedSeq * 1_000 + id, key: `cpu,host=host_${id}` })),
      chunks: ids.map((id) => ({
        ...{ firstSeriesId: id, lastSeriesId: id + 3, minOffsetNs: id, maxOffsetNs: 1e15 + id, rowCount: 9, tier: 1 },
        header: Buffer.alloc(60, id),
        payload: Buffer.alloc(40, id),
      })),
      removedChunkIds: flushedSeq === 2 ? [3, 4, 5] : [],
      tombstones: ids.slice(0, 60).map((id) => ({ seq: flushedSeq * 100 + id, frame: Buffer.alloc(90, id) })),
      removedTombstoneSeqs: flushedSeq === 2 ? [101, 102] : [],
      state: { flushedSeq, vector: Buffer.alloc(30, 7), watermark: NO_WATERMARK, hadDeletes: false },
    });
  }
  files.close();
  return join(directory, 'shard-1.sqlite');
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

test('S5: a changed byte in a frame costs its row, which is named with its file, and no other one', async () => {
  const { directory, path } = writtenJournal();
  const bytes = readFileSync(path); // SQLite may have left older copies of the row
  for (let at = bytes.indexOf('frame 1/7'); at >= 0; at = bytes.indexOf('frame 1/7', at + 1))
    flipByteAt(path, at + 100);
  const journal = await openJournal({ directory });
  const rows = await collect(journal.read(1, 0));
  expect(rows.map(({ seq }) => seq)).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
  expect(rows.filter(({ frame }) => frame === undefined)).toEqual([{ shard: 1, seq: 7, frame: undefined, damage: `${path} is damaged: the checksum of row 7 of shard 1 is wrong` }]);
  expect((await collect(journal.read(2, 3))).length).toBe(47);
  await journal.close();
});

// Methodology: one bit of a file is flipped, at the file's head, at places drawn from a seed; then all of it is read.
const checkFlips = (
  path: string,
  read: (directory: string) => unknown,
  isAllowed: (outcome: unknown, expected: unknown) => boolean = () => false,
): void => {
  const expected = read(dirname(path));
  const prng = new Prng(42);
  const sizeBytes = readFileSync(path).length;
  let noticedCount = 0;
  for (let round = 0; round < 250; round += 1) {
    const offset = round < 100 ? round : prng.between(100, sizeBytes - 1);
    const copy = newTempDirectory();
    cpSync(dirname(path), copy, { recursive: true });
    flipByteAt(join(copy, basename(path)), offset);
    const outcome = outcomeOf(() => read(copy));
    if (typeof outcome === 'string' || isAllowed(outcome, expected)) noticedCount += 1;
    else expect(outcome, `byte ${offset}`).toEqual(expected);
  }
  expect(noticedCount).toBeGreaterThan(50);
};

test('S5: no changed byte of a journal file changes what is read: it is refused, costs one row, or it did not matter', () => {
  const isRowLost = (outcome: readonly unknown[], expected: readonly unknown[]): boolean => {
    const [texts, sound] = [outcome, expected].map((each) => each.flat());
    const lost = texts!.filter((text, at) => text !== sound![at] && / is damaged: the checksum of row \d+ of shard \d+ is wrong$/.test(String(text)));
    const healed = texts!.map((text, at) => (lost.includes(text) ? sound![at] : text));
    return lost.length === 1 && isDeepStrictEqual(healed, sound);
  };
  checkFlips(writtenJournal().path, (directory) => {
    const journal = new JournalFiles({ directory });
    try {
      return [readAll(journal, 1), readAll(journal, 2), journal.extents()];
    } finally {
      journal.close();
    }
  }, (outcome, expected) => isRowLost(outcome as unknown[], expected as unknown[]));
});

test('S5, P07: no changed byte of a Raft log goes unnoticed: it is refused, said as damage, or it did not matter', () => {
  const file = writtenRaftLog();
  const isPrefix = (outcome: RaftLogContent, expected: RaftLogContent): boolean => {
    const damage = { lastIndex: 40, term: 5 };
    const hardState = { ...expected.hardState, commitIndex: 2 };
    expect(outcome).toEqual({
      ...expected,
      hardState,
      entries: expected.entries.slice(0, outcome.entries.length),
      damage,
    });
    return true;
  };
  let cutCount = 0;
  checkFlips(
    file,
    (directory) => {
      const read = readRaftLog(join(directory, basename(file)));
      return { ...read, identity: { ...read.identity, boot: 0 } };
    },
    (outcome, expected) => {
      if ((outcome as RaftLogContent).damage === undefined) return false;
      cutCount += 1;
      return isPrefix(outcome as RaftLogContent, expected as RaftLogContent);
    },
  );
  expect(cutCount).toBeGreaterThan(20);
});

test('S5: no changed byte of a shard file changes its state, series, chunks or tombstones', () => {
  checkFlips(writtenShard(), (directory) => {
    const files = new ShardFiles({ directory });
    try {
      return [files.readState(1), files.readSeries(1, { afterId: 0, countBefore: 0 }), files.readChunks(1), files.readTombstones(1)];
    } finally {
      files.close();
    }
  });
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

test('P10, P14: a Raft log of which anything but an entry was changed is refused', () => {
  const check = (sql: string, reason: string): void => {
    const file = writtenRaftLog();
    inSql(file, sql);
    for (const _ of [1, 2])
      expect(() => readRaftLog(file), sql).toThrow(refusal('STORAGE_CORRUPT', `${file} is damaged: ${reason}`));
  };
  check('UPDATE state SET voted_for = 0', 'the checksum of the hard state is wrong');
  check('UPDATE state SET last_index = 39', 'the checksum of the hard state is wrong');
  check(
    'UPDATE state SET membership = \'{"voters":[],"outgoing":[],"learners":[],"greatestId":0}\'',
    'the checksum of the hard state is wrong',
  );
  check('DELETE FROM state', 'the hard state is missing');
  check('UPDATE identity SET boot = 1000', 'the checksum of its identity is wrong');
  check('DELETE FROM identity', 'it has a log and does not say whose');
  check('UPDATE peer SET boot = 1', 'the checksum of what is known of peer 2 is wrong');
});

test('a shard that has lost or changed a row is refused', () => {
  const check = (sql: string): void => {
    const path = writtenShard();
    inSql(path, sql);
    const files = new ShardFiles({ directory: dirname(path) });
    const outcome = outcomeOf(() => [
      files.readState(1),
      files.readSeries(1, { afterId: 0, countBefore: 0 }),
      files.readChunks(1),
      files.readTombstones(1),
    ]);
    files.close();
    expect(outcome, sql).toBe('STORAGE_CORRUPT');
  };
  check('DELETE FROM chunk WHERE id = 200');
  check('UPDATE chunk SET written_seq = 9 WHERE id = 200');
  check('DELETE FROM series WHERE id = 1007');
  check('DELETE FROM tombstone WHERE seq = 260');
  check('UPDATE tombstone SET seq = 99 WHERE seq = 130');
  check('UPDATE tombstone SET frame = zeroblob(90) WHERE seq = 130');
  check('DELETE FROM state');
  check('DROP TABLE series');
});

test('a damaged shard is refused; the others are served', async () => {
  const directory = newTempDirectory();
  const files = new ShardFiles({ directory });
  for (const shard of [1, 2]) {
    files.commit(shard, {
      series: [],
      chunks: [],
      removedChunkIds: [],
      tombstones: [],
      removedTombstoneSeqs: [],
      state: { flushedSeq: shard, vector: new Uint8Array(3), watermark: NO_WATERMARK, hadDeletes: false },
    });
  }
  files.close();
  truncateSync(join(directory, 'shard-1.sqlite'), 6_000);
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

test('H10: a damaged hint is let go and counted, a damaged frame is not handed out; all others are', () => {
  const file = join(newTempDirectory(), 'hints.sqlite');
  const store = new HintFile({ file });
  const hints = [1, 2, 3, 4].map((number) => ({
    owner: 2,
    shard: 7,
    incarnation: 1,
    number,
    traceParent: undefined,
    frame: Buffer.alloc(900, number),
  }));
  const ids = store.append(hints);
  store.close();
  inSql(file, 'UPDATE hint SET owner = 3 WHERE number = 2');
  inSql(file, 'UPDATE hint SET frame = zeroblob(900) WHERE number = 3');
  const again = new HintFile({ file });
  const loaded = again.load();
  expect([loaded.damagedCount, loaded.hints.map(({ number }) => number)]).toEqual([1, [1, 3, 4]]);
  expect(again.readFrames(ids).map((frame) => frame?.[0])).toEqual([1, undefined, undefined, 4]);
  expect(again.load().damagedCount).toBe(0);
  again.close();
});
