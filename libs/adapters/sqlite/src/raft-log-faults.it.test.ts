import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, onTestFinished } from 'vitest';
import { newTempDirectory } from '@varve/ports/contract';
import { FaultyDisk, faultyDiskTest, type DiskCall, type DiskFault } from '@varve/testkit';
import { RaftLogFile } from './raft-log-file.ts';
import { copyOf, entriesOf, OWNER, persisting, readRaftLog, writeFormat1 } from './testing/raft-log-world.ts';

const PROGRAM = new URL('./testing/use-raft-log.ts', import.meta.url);
const newFile = (): string => join(newTempDirectory(), 'raft.sqlite');

const newDisk = (root: string): FaultyDisk => {
  const disk = FaultyDisk.create(root);
  onTestFinished(() => disk.close());
  return disk;
};
/** What the program has said. */
const use = (disk: FaultyDisk, count: number, files: readonly string[]): string[] => {
  const { stdout, stderr } = spawnSync(process.execPath, [PROGRAM.pathname, String(count), ...files], { encoding: 'utf8', env: { ...process.env, ...disk.env } });
  expect(stderr).toBe('');
  return stdout.split('\n').filter((line) => line !== '');
};

// Methodology: a process writes one log after another, and each so manieth system call of a kind fails, once; more
// processes do it with other periods, so that failures come everywhere. Then the logs are opened without faults.
const LOG_COUNT = 7;
const ENTRY_COUNT = 5;

/** What became of one log. */
interface Outcome {
  readonly file: string;
  /** What its entries were answered with, in order; none when it has not even begun. */
  readonly entries: readonly string[];
  readonly whole: string;
}

interface Failed {
  readonly outcomes: readonly Outcome[];
  /** The files whose system calls failed. */
  readonly failed: readonly string[];
}

const failing = (call: DiskCall, fault: DiskFault, periods: readonly number[]): Failed => {
  const runs = periods.map((period) => failingEach(call, fault, period));
  return { outcomes: runs.flatMap(({ outcomes }) => outcomes), failed: runs.flatMap(({ failed }) => failed) };
};
const failingEach = (call: DiskCall, fault: DiskFault, period: number): Failed => {
  const root = newTempDirectory();
  const files = Array.from({ length: LOG_COUNT }, (_, at) => join(root, String(at), 'raft.sqlite'));
  for (const file of files) mkdirSync(dirname(file));
  const disk = newDisk(root);
  disk.setRule({ fault, calls: [call], nth: period, repeats: 'each' });
  const lines = use(disk, ENTRY_COUNT, files);
  const outcomes = files.map((file, at) => ({
    file,
    entries: lines.filter((line) => line.startsWith(`log ${at} entry `)).map((line) => line.split(' ')[4]!),
    whole: lines.find((line) => line.startsWith(`log ${at} `) && !line.includes('entry'))!.split(' ')[2]!,
  }));
  return { outcomes, failed: disk.trace().flatMap((line) => /^fault (.*)/.exec(line)?.[1] ?? []) };
};

/** Once something has failed nothing is acknowledged any more, and what was is there. @returns logs whose failure an entry met */
const checkNoAckAfterFailure = ({ outcomes, failed }: Failed, code: string, unackedCountMax: number): number => {
  expect(failed.length).toBeGreaterThan(LOG_COUNT);
  expect(['done', code]).toEqual(expect.arrayContaining(outcomes.map(({ whole }) => whole)));
  const met = outcomes.filter(({ file, entries }) => {
    const ackedCount = entries.filter((outcome) => outcome === 'done').length;
    expect(entries).toEqual(entries.map((_, at) => (at < ackedCount ? 'done' : code)));
    const read = readRaftLog(file);
    expect(read.damage).toBeUndefined();
    expect(read.entries.length).toBeGreaterThanOrEqual(ackedCount);
    expect(read.entries.length).toBeLessThanOrEqual(ackedCount + unackedCountMax);
    return ackedCount < entries.length;
  });
  return met.length;
};

faultyDiskTest('P12: after a failed fsync nothing is acknowledged any more, though the next one would succeed', () => {
  const fails = failing('sync', 'EIO', [11, 13, 17, 19, 21, 22, 23, 24, 25, 26, 27, 29]);
  expect(checkNoAckAfterFailure(fails, 'STORAGE_FAILED', 1)).toBeGreaterThan(5);
  const kinds = new Set(fails.failed.map((path) => /raft\.sqlite.*/.exec(path)?.[0] ?? 'directory'));
  expect([...kinds].toSorted()).toEqual(expect.arrayContaining(['raft.sqlite', 'raft.sqlite-wal', 'raft.sqlite.new', 'directory'].toSorted()));
});

faultyDiskTest('P12: after a failed write of a page, or of the size of a file, nothing is acknowledged any more', () => {
  expect(checkNoAckAfterFailure(failing('write', 'EIO', [61, 149, 211, 307]), 'STORAGE_FAILED', 0)).toBeGreaterThan(5);
  checkNoAckAfterFailure(failing('truncate', 'EIO', [3, 5, 7]), 'STORAGE_FAILED', 0);
});

faultyDiskTest('P13: on a full disk a write is rolled back and said as STORAGE_FULL; what was acknowledged before is there', () => {
  expect(checkNoAckAfterFailure(failing('write', 'ENOSPC', [67, 151, 223, 311]), 'STORAGE_FULL', 0)).toBeGreaterThan(5);
});

faultyDiskTest('P18: no file has its name before its content is synced, and nothing is acknowledged in one whose name is not', () => {
  const file = newFile();
  const disk = newDisk(dirname(file));
  expect(use(disk, 1, [file])).toContain('log 0 entry 1 done');
  const unsyncedNames = new Set<string>();
  const unsyncedFiles = new Set<string>();
  for (const line of disk.trace()) {
    const [call, path] = line.split(' ') as [string, string];
    if (call === 'create') unsyncedNames.add(path);
    if (call === 'write') unsyncedFiles.add(path);
    if (call === 'sync') unsyncedFiles.delete(path);
    if (call === 'sync' && path === dirname(file)) unsyncedNames.clear();
    if (call === 'rename') {
      expect(unsyncedFiles.has(`${path}.new`), line).toBe(false);
      unsyncedNames.add(path);
    }
    if (call === 'say') expect([...unsyncedNames, ...unsyncedFiles].filter((name) => /raft\.sqlite(-wal)?$/.test(name)), line).toEqual([]);
  }
});

/** Between two of them a crash leaves what it leaves at one of them, or less of what was not synced. */
const ORDERING_CALLS: readonly DiskCall[] = ['sync', 'truncate', 'unlink', 'rename'];

/** Kills the program at each of these calls, and another one there once more; then looks at what is found. @returns the kills */
const killAtEach = (newDamaged: () => string, check: (file: string) => void): number => {
  let killCount = 0;
  for (const call of ORDERING_CALLS) {
    for (let number = 1; ; number += 1) {
      const file = newDamaged();
      const disk = newDisk(dirname(file));
      const isKilled = (): boolean => {
        disk.setRule({ fault: 'KILL', calls: [call], nth: number });
        return use(disk, 0, [file]).length === 0;
      };
      if (!isKilled()) break;
      isKilled();
      check(file);
      killCount += 1;
    }
  }
  return killCount;
};

faultyDiskTest('P19: killed at any point while damage is cut off, twice, a log is what it would have been', () => {
  const file = newFile();
  const log = new RaftLogFile({ file });
  log.begin(OWNER);
  log.write([
    persisting({ term: 3, votedFor: 2, commitIndex: 9 }, entriesOf(1, 30, 3, 4_000)),
    { kind: 'compact', throughIndex: 4, term: 3, membership: { voters: [1, 2, 3], outgoing: [], learners: [], greatestId: 3 } },
    { kind: 'remember', peer: { peerId: 2, diskId: 'b2'.repeat(16), boot: 4 } },
  ]);
  const damaged = copyOf(file);
  log.close();
  const database = new Database(damaged);
  database.exec('UPDATE entry SET kind = 2 WHERE log_index = 20');
  database.close();
  const expected = readRaftLog(copyOf(damaged));
  expect(expected).toMatchObject({ damage: { lastIndex: 30, term: 3 }, entries: { length: 15 } });
  const killCount = killAtEach(
    () => copyOf(damaged),
    (copy) => expect(readRaftLog(copy)).toEqual({ ...expected, identity: { ...expected.identity, boot: expect.any(Number) as number } }),
  );
  expect(killCount).toBeGreaterThan(20);
});

faultyDiskTest('P19: killed at any point while a file of release 0.1.0 is brought up, twice, it is what it would have been', () => {
  const old = newFile();
  writeFormat1(old);
  const expected = readRaftLog(copyOf(old));
  const killCount = killAtEach(
    () => copyOf(old),
    (copy) => expect(readRaftLog(copy)).toEqual({ ...expected, identity: { ...expected.identity, boot: expect.any(Number) as number } }),
  );
  expect(killCount).toBeGreaterThan(8);
});
