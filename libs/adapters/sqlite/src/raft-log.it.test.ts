import Database from 'better-sqlite3';
import { existsSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { ErrorCode } from '@varve/base';
import { EMPTY_MEMBERSHIP } from '@varve/ports';
import { newTempDirectory, openInChild } from '@varve/ports/contract';
import type { RaftLogStore } from '@varve/ports';
import { RaftLogFile } from './raft-log-file.ts';
import { RAFT_PAGE_SIZE_BYTES } from './raft-log-format.ts';
import { checkSynced } from './sqlite-file.ts';
import { copyOf, entriesOf, OWNER, persisting, readRaftLog, writeFormat1, type RaftLogContent } from './testing/raft-log-world.ts';

// docs/formats/raft-log.md. Files are copied while a log has them open: what a copy has is what a power cut would leave.
const newFile = (): string => join(newTempDirectory(), 'raft.sqlite');
const refusal = (code: ErrorCode, text: string) => expect.objectContaining({ name: 'DbError', code, message: expect.stringContaining(text) as string });
const inSql = (file: string, sql: string): void => {
  const database = new Database(file);
  database.exec(sql);
  database.close();
};
const indexesOf = (file: string): number[] => readRaftLog(file).entries.map(({ index }) => index);
const upTo = (last: number): number[] => Array.from({ length: last }, (_, at) => at + 1);
/** A log in whose WAL all of its writes still are: so many, of three entries each, the last of several pages. */
const openLogWith = (writeCount: number): { readonly file: string; readonly log: RaftLogFile } => {
  const file = newFile();
  const log = new RaftLogFile({ file });
  log.begin(OWNER);
  for (let number = 1; number <= writeCount; number += 1) {
    log.write([persisting({ term: number, votedFor: 1, commitIndex: 0 }, entriesOf(3 * number - 2, 3 * number, number, 9_000))]);
  }
  return { file, log };
};
const closedLogWith = (writeCount: number): string => {
  const { file, log } = openLogWith(writeCount);
  log.close();
  return file;
};
const walSizeOf = (file: string): number => readFileSync(`${file}-wal`).length;

test('P06: of a tail that is cut off anywhere all that was acknowledged before is there, and the last write wholly or not at all', () => {
  const { file, log } = openLogWith(4);
  const before = walSizeOf(file);
  log.write([persisting({ term: 5, votedFor: 2, commitIndex: 12 }, entriesOf(13, 15, 5, 9_000))]);
  const after = walSizeOf(file);
  const seen = new Set<number>();
  for (let sizeBytes = after; sizeBytes >= before; sizeBytes -= 512) {
    const copy = copyOf(file);
    truncateSync(`${copy}-wal`, sizeBytes);
    const { hardState, entries, damage } = readRaftLog(copy);
    expect(damage).toBeUndefined();
    expect(entries.map(({ index }) => index), `${sizeBytes} bytes`).toEqual(upTo(hardState.term === 5 ? 15 : 12));
    expect(hardState).toEqual(hardState.term === 5 ? { term: 5, votedFor: 2, commitIndex: 12 } : { term: 4, votedFor: 1, commitIndex: 0 });
    seen.add(entries.length);
  }
  expect([...seen]).toEqual([15, 12]);
  log.close();
});

test('P06: of a tail whose sectors reached the disk out of order all before it is there, and it not at all', () => {
  const { file, log } = openLogWith(3);
  const before = walSizeOf(file);
  log.write([persisting({ term: 4, votedFor: 2, commitIndex: 9 }, entriesOf(10, 12, 4, 9_000))]);
  const wal = readFileSync(`${file}-wal`);
  for (let at = before; at < wal.length; at += 512) {
    if (wal.subarray(at, at + 512).every((byte) => byte === 0)) continue; // that it is missing cannot be seen, and does not matter
    const copy = copyOf(file);
    writeFileSync(`${copy}-wal`, Buffer.from(wal).fill(0, at, Math.min(at + 512, wal.length)));
    expect(indexesOf(copy), `sector at ${at}`).toEqual(upTo(9));
  }
  log.close();
});

test('P06: killed in the middle of writes, a log has all that was acknowledged, and one write more at most', async () => {
  for (const ackedCount of [1, 7, 20]) {
    const file = newFile();
    const { port, kill } = await openInChild<RaftLogStore>({ module: new URL('./open-raft-log-store.ts', import.meta.url), factory: 'openRaftLogStore', args: [{ file }] });
    await port.begin(OWNER);
    for (let term = 1; term <= ackedCount; term += 1) await port.persist({ term, votedFor: term, commitIndex: 0 }, entriesOf(term, term, term, 60_000));
    void port.persist({ term: ackedCount + 1, votedFor: 1, commitIndex: 0 }, entriesOf(ackedCount + 1, ackedCount + 1, ackedCount + 1, 60_000)).catch(() => undefined);
    await kill();
    const { hardState, entries } = readRaftLog(file);
    expect(entries.map(({ index }) => index)).toEqual(upTo(hardState.term));
    expect([ackedCount, ackedCount + 1]).toContain(hardState.term);
  }
});

test('P07: a WAL that is damaged before its last write is refused, and stays as it is', () => {
  const { file, log } = openLogWith(3);
  const firstThree = walSizeOf(file);
  log.write([persisting({ term: 4, votedFor: 2, commitIndex: 9 }, entriesOf(10, 12, 4))]);
  const wal = readFileSync(`${file}-wal`);
  const frameSizeBytes = 24 + 16_384;
  const heads = Array.from({ length: (firstThree - 32) / frameSizeBytes }, (_, frame) => 32 + frame * frameSizeBytes).flatMap((head) => Array.from({ length: 24 }, (_, at) => head + at));
  const spread = Array.from({ length: Math.floor(firstThree / 4_099) }, (_, at) => at * 4_099);
  for (const at of [...upTo(31), ...heads, ...spread]) {
    const copy = copyOf(file);
    const damaged = Buffer.from(wal);
    damaged[at]! ^= 0x11;
    writeFileSync(`${copy}-wal`, damaged);
    expect(() => readRaftLog(copy), `byte ${at}`).toThrow(refusal('STORAGE_CORRUPT', `${copy}-wal is damaged`));
    expect(readFileSync(`${copy}-wal`).equals(damaged)).toBe(true);
  }
  log.close();
});

test('P07: damage to entries is cut off, with the tree of pages sound again; whoever was voted for is still known', () => {
  const file = closedLogWith(20);
  const sound = readRaftLog(file);
  const pages = readFileSync(file).length / 16_384;
  let cutCount = 0;
  for (let page = 1; page < pages; page += 1) {
    const copy = copyOf(file);
    const bytes = readFileSync(copy);
    writeFileSync(copy, bytes.fill(0, page * 16_384, (page + 1) * 16_384));
    let found: RaftLogContent;
    try {
      found = readRaftLog(copy);
    } catch (error) {
      expect(error).toMatchObject({ code: 'STORAGE_CORRUPT' });
      continue;
    }
    cutCount += 1;
    const kept = found.entries.length;
    expect(kept).toBeLessThan(60);
    expect(found).toMatchObject({ hardState: { term: 20, votedFor: 1, commitIndex: 0 }, damage: { lastIndex: 60, term: 20 }, entries: sound.entries.slice(0, kept) });
    const log = new RaftLogFile({ file: copy });
    log.begin(OWNER);
    log.write([persisting(undefined, entriesOf(kept + 1, 70, 20)), { kind: 'recovered' }]);
    log.close();
    expect(readRaftLog(copy)).toMatchObject({ entries: { length: 70 } });
    expect(readRaftLog(copy).damage).toBeUndefined();
  }
  expect(cutCount).toBeGreaterThan(pages / 2);
});

test('P14: a record in the place of another, of another file or of an earlier time is noticed', () => {
  const damage = { lastIndex: 15, term: 5 };
  const check = (change: (file: string) => void, keptCount: number): void => {
    const file = closedLogWith(5);
    change(file);
    expect(readRaftLog(file)).toMatchObject({ damage, entries: { length: keptCount } });
  };
  check((file) => inSql(file, 'UPDATE entry SET (term, kind, crc, payload) = (SELECT term, kind, crc, payload FROM entry WHERE log_index = 9) WHERE log_index = 8'), 7);
  check((file) => inSql(file, 'DELETE FROM entry WHERE log_index = 9; UPDATE entry SET log_index = 9 WHERE log_index = 15'), 8);
  check((file) => {
    const other = newFile();
    const log = new RaftLogFile({ file: other });
    log.begin({ ...OWNER, newDiskId: 'ff'.repeat(16) });
    log.write([persisting({ term: 5, votedFor: 1, commitIndex: 0 }, entriesOf(1, 15, 5))]);
    log.close();
    inSql(file, `ATTACH '${other}' AS other; REPLACE INTO entry SELECT * FROM other.entry WHERE log_index = 15`);
  }, 14);
  check((file) => {
    const log = new RaftLogFile({ file });
    log.begin(OWNER);
    log.write([persisting(undefined, entriesOf(4, 15, 5))]);
    log.close();
    inSql(file, `ATTACH '${closedLogWith(5)}' AS other; REPLACE INTO entry SELECT * FROM other.entry WHERE log_index BETWEEN 4 AND 12`);
  }, 12);
});

test('P14: a whole page of an earlier time is noticed', () => {
  const file = closedLogWith(10);
  const earlier = readFileSync(file);
  const log = new RaftLogFile({ file });
  log.begin(OWNER);
  log.write([persisting({ term: 12, votedFor: 2, commitIndex: 8 }, entriesOf(9, 30, 12, 9_000))]);
  log.close();
  const now = readFileSync(file);
  const [sound, outcomes] = [readRaftLog(copyOf(file)), new Set<string>()];
  for (let at = RAFT_PAGE_SIZE_BYTES; at < now.length; at += RAFT_PAGE_SIZE_BYTES) {
    const end = at + RAFT_PAGE_SIZE_BYTES;
    if (now.subarray(at, end).equals(earlier.subarray(at, end))) continue;
    const copy = copyOf(file);
    writeFileSync(copy, Buffer.concat([now.subarray(0, at), earlier.subarray(at, end), now.subarray(end)]));
    try {
      const found = readRaftLog(copy);
      // The identity has changed as well: its boot is behind then, which the other peers see.
      const isOnlyBoot = found.identity.boot < sound.identity.boot && found.damage === undefined;
      if (!isOnlyBoot) expect(found).toMatchObject({ hardState: { term: 12, votedFor: 2, commitIndex: 0 }, damage: { lastIndex: 30, term: 12 } });
      outcomes.add(isOnlyBoot ? 'boot' : 'damage');
    } catch (error) {
      expect(error).toMatchObject({ code: 'STORAGE_CORRUPT', message: expect.stringContaining('its hard state is older than') as string });
      outcomes.add('refused');
    }
  }
  expect([...outcomes].toSorted()).toEqual(['boot', 'damage', 'refused']);
});

test('P17: a connection whose commits are not synced is refused', () => {
  const file = closedLogWith(1);
  const database = new Database(file);
  const unsynced = refusal('STORAGE_FAILED', 'commits would not be synced');
  database.prepare('SELECT * FROM entry').all();
  expect(() => checkSynced(database), 'what the driver does by itself').toThrow(unsynced);
  for (const level of ['OFF', 'NORMAL']) {
    database.pragma(`synchronous = ${level}`);
    expect(() => checkSynced(database), level).toThrow(unsynced);
  }
  database.pragma('synchronous = FULL');
  expect(() => checkSynced(database)).not.toThrow();
  database.close();
});

test('P18: a file whose name was lost before it was durable had acknowledged nothing; a new one is made', () => {
  const file = newFile();
  const log = new RaftLogFile({ file });
  log.close();
  const unfinished = copyOf(file);
  writeFileSync(`${unfinished}.new`, readFileSync(unfinished).subarray(0, 20_000));
  writeFileSync(`${unfinished}.new-wal`, 'whatever a crash has left');
  rmSync(unfinished);
  expect(readRaftLog(unfinished)).toMatchObject({ identity: { boot: 1 }, entries: [] });
  expect(existsSync(`${unfinished}.new`) || existsSync(`${unfinished}.new-wal`)).toBe(false);
});

test('a file of release 0.1.0 is brought up: its disk gets an identity, its log is what it was', () => {
  const file = newFile();
  writeFormat1(file);
  const expected = {
    hardState: { term: 7, votedFor: 1, commitIndex: 39 },
    ...{ compactedIndex: 2, compactedTerm: 3, membership: EMPTY_MEMBERSHIP },
    entries: entriesOf(3, 40, 5).map((entry) => ({ ...entry, payload: Buffer.from(entry.payload).toString() })),
  };
  const identity = { clusterId: 'c', peerId: 1, diskId: OWNER.newDiskId };
  expect(readRaftLog(file)).toEqual({ ...expected, identity: { ...identity, boot: 1 }, known: [] });
  expect(readRaftLog(file, { ...OWNER, newDiskId: 'ff'.repeat(16) })).toEqual({ ...expected, identity: { ...identity, boot: 2 }, known: [] });
  expect(() => readRaftLog(file, { ...OWNER, peerId: 2 })).toThrow(refusal('META_IDENTITY', 'belongs to meta peer 1 of cluster "c", not to meta peer 2 of cluster "c"'));
});

test('a damaged file of release 0.1.0 is refused and stays what it was', () => {
  const check = (sql: string): void => {
    const file = newFile();
    writeFormat1(file);
    inSql(file, sql);
    for (const _ of [1, 2]) expect(() => readRaftLog(file), sql).toThrow(refusal('STORAGE_CORRUPT', `${file} is damaged`));
    const database = new Database(file);
    expect(database.pragma('user_version', { simple: true })).toBe(1);
    database.close();
  };
  check('UPDATE hard_state SET voted_for = 0');
  check('UPDATE hard_state SET compacted_index = 3');
  check('DELETE FROM hard_state');
  check('DELETE FROM entry WHERE log_index = 20');
  check('UPDATE entry SET term = 6 WHERE log_index = 40');
});
