import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { expect } from 'vitest';
import { newTempDirectory } from '@varve/ports/contract';
import { RaftLogFile } from './raft-log-file.ts';
import { copyOf, entriesOf, OWNER, persisting, readRaftLog, writeFormat1 } from './testing/raft-log-world.ts';
import { runTraced, systemCallTest } from './testing/system-calls.ts';

const PROGRAM = new URL('./testing/use-raft-log.ts', import.meta.url);
const newFile = (): string => join(newTempDirectory(), 'raft.sqlite');

// Methodology: a process writes one log after another, and strace lets each so manieth system call of a kind fail, once; more
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
  /** The system calls that failed. */
  readonly injected: readonly string[];
}

const failing = (call: string, error: string, periods: readonly number[]): Failed => {
  const runs = periods.map((period) => failingEach(call, error, period));
  return { outcomes: runs.flatMap(({ outcomes }) => outcomes), injected: runs.flatMap(({ injected }) => injected) };
};
const failingEach = (call: string, error: string, period: number): Failed => {
  const files = Array.from({ length: LOG_COUNT }, newFile);
  const run = runTraced(PROGRAM, [String(ENTRY_COUNT), ...files], { calls: call, fault: `${call}:error=${error}:when=${period}+${period}` });
  const outcomes = files.map((file, at) => ({
    file,
    entries: run.lines.filter((line) => line.startsWith(`log ${at} entry `)).map((line) => line.split(' ')[4]!),
    whole: run.lines.find((line) => line.startsWith(`log ${at} `) && !line.includes('entry'))!.split(' ')[2]!,
  }));
  return { outcomes, injected: run.calls.filter((line) => line.includes('(INJECTED)')) };
};

/** Once something has failed nothing is acknowledged any more, and what was is there. @returns logs whose failure an entry met */
const checkNoAckAfterFailure = ({ outcomes, injected }: Failed, code: string, unackedCountMax: number): number => {
  expect(injected.length).toBeGreaterThan(LOG_COUNT);
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

systemCallTest('P12: after a failed fsync nothing is acknowledged any more, though the next one would succeed', () => {
  const failed = failing('fsync', 'EIO', [11, 13, 17, 19, 21, 22, 23, 24, 25, 26, 27, 29]);
  expect(checkNoAckAfterFailure(failed, 'STORAGE_FAILED', 1)).toBeGreaterThan(5);
  const kinds = new Set(failed.injected.map((line) => /<.*(raft\.sqlite[^>]*)>/.exec(line)?.[1] ?? 'directory'));
  expect([...kinds].toSorted()).toEqual(expect.arrayContaining(['raft.sqlite', 'raft.sqlite-wal', 'raft.sqlite.new', 'directory'].toSorted()));
});

systemCallTest('P12: after a failed write of a page, or of the size of a file, nothing is acknowledged any more', () => {
  expect(checkNoAckAfterFailure(failing('pwrite64', 'EIO', [61, 149, 211, 307]), 'STORAGE_FAILED', 0)).toBeGreaterThan(5);
  checkNoAckAfterFailure(failing('ftruncate', 'EIO', [3, 5, 7]), 'STORAGE_FAILED', 0);
});

systemCallTest('P13: on a full disk a write is rolled back and said as STORAGE_FULL; what was acknowledged before is there', () => {
  expect(checkNoAckAfterFailure(failing('pwrite64', 'ENOSPC', [67, 151, 223, 311]), 'STORAGE_FULL', 0)).toBeGreaterThan(5);
});

systemCallTest('P18: no file has its name before its content is synced, and nothing is acknowledged in one whose name is not', () => {
  const file = newFile();
  const { calls, lines } = runTraced(PROGRAM, ['1', file], { calls: 'openat,rename,fsync,write,pwrite64' });
  expect(lines).toContain('log 0 entry 1 done');
  const unsyncedNames = new Set<string>();
  const unsyncedFiles = new Set<string>();
  for (const line of calls) {
    const [path, target] = [/<([^>]*)>/.exec(line)?.[1] ?? '', /"([^"]*)"\)/.exec(line)?.[1]];
    if (/openat.*O_CREAT/.test(line)) unsyncedNames.add(/"([^"]*)"/.exec(line)![1]!);
    if (line.includes('pwrite64(')) unsyncedFiles.add(path);
    if (line.includes('fsync(')) unsyncedFiles.delete(path);
    if (line.includes('fsync(') && path === dirname(file)) unsyncedNames.clear();
    if (line.includes('rename(')) {
      expect(unsyncedFiles.has(`${target}.new`), line).toBe(false);
      unsyncedNames.add(target!);
    }
    if (line.includes('write(1<')) expect([...unsyncedNames, ...unsyncedFiles].filter((name) => /raft\.sqlite(-wal)?$/.test(name)), line).toEqual([]);
  }
});

/** Between two of them a crash leaves what it leaves at one of them, or less of what was not synced. */
const ORDERING_CALLS = ['fsync', 'ftruncate', 'unlink', 'rename'];

/** Kills the program at each of these calls, and another one there once more; then looks at what is found. @returns the kills */
const killAtEach = (newDamaged: () => string, check: (file: string) => void): number => {
  let killCount = 0;
  for (const call of ORDERING_CALLS) {
    for (let number = 1; ; number += 1) {
      const file = newDamaged();
      const isKilled = (): boolean => runTraced(PROGRAM, ['0', file], { calls: call, fault: `${call}:signal=KILL:when=${number}` }).lines.length === 0;
      if (!isKilled()) break;
      isKilled();
      check(file);
      killCount += 1;
    }
  }
  return killCount;
};

systemCallTest('P19: killed at any point while damage is cut off, twice, a log is what it would have been', () => {
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

systemCallTest('P19: killed at any point while a file of release 0.1.0 is brought up, twice, it is what it would have been', () => {
  const old = newFile();
  writeFormat1(old);
  const expected = readRaftLog(copyOf(old));
  const killCount = killAtEach(
    () => copyOf(old),
    (copy) => expect(readRaftLog(copy)).toEqual({ ...expected, identity: { ...expected.identity, boot: expect.any(Number) as number } }),
  );
  expect(killCount).toBeGreaterThan(8);
});
