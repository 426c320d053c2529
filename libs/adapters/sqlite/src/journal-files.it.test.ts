import Database from 'better-sqlite3';
import fc from 'fast-check';
import { cpSync, existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { newTempDirectory } from '@varve/ports/contract';
import { JournalFiles } from './journal-files.ts';
import { batchOf, readAll, textsOf } from './testing/journal-world.ts';

/** Each file takes one append, the next one goes into a new file. */
const ONE_APPEND_PER_FILE = 1;

const open = (directory: string, fileSizeBytesMax = ONE_APPEND_PER_FILE): JournalFiles => {
  const journal = new JournalFiles({ directory, fileSizeBytesMax });
  onTestFinished(() => journal.close());
  return journal;
};
/** As after a crash: the files as they are, with their WALs, in another directory. */
const afterCrash = (directory: string): JournalFiles => {
  const copy = newTempDirectory();
  cpSync(directory, copy, { recursive: true });
  return open(copy);
};
const fileNumbers = (directory: string): number[] =>
  readdirSync(directory)
    .flatMap((name) => /^journal-0*(\d+)\.sqlite$/.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((left, right) => left - right);

test('a full file is followed by the next one, and rows are read across files', () => {
  const directory = newTempDirectory();
  const journal = open(directory);
  for (const first of [1, 4, 7]) journal.append(batchOf(1, first, first + 2));
  expect(fileNumbers(directory)).toEqual([1, 2, 3]);
  for (const each of [journal, afterCrash(directory)]) {
    expect(readAll(each, 1)).toEqual(textsOf(1, 1, 9));
    expect(readAll(each, 1, 5)).toEqual(textsOf(1, 6, 9));
  }
});

test('S3: a file goes when all its rows are trimmed, whatever stands in older ones; what is left is read without a gap', () => {
  const directory = newTempDirectory();
  const journal = open(directory);
  journal.append(batchOf(2, 1, 1)); // keeps the first file
  journal.append(batchOf(1, 1, 3));
  journal.append(batchOf(1, 4, 6));
  journal.append(batchOf(1, 7, 9));
  journal.trim(1, 5);
  expect(fileNumbers(directory)).toEqual([1, 3, 4]);
  journal.trim(1, 7);
  expect(fileNumbers(directory)).toEqual([1, 4]);
  for (const each of [journal, afterCrash(directory)]) {
    expect(each.extents()).toEqual([
      { shard: 1, firstSeq: 8, lastSeq: 9 },
      { shard: 2, firstSeq: 1, lastSeq: 1 },
    ]);
    expect(readAll(each, 1)).toEqual(textsOf(1, 8, 9));
  }
});

test('trims outlive the file they were written to', () => {
  const directory = newTempDirectory();
  const journal = open(directory);
  journal.append(batchOf(1, 1, 3));
  journal.append(batchOf(2, 1, 1));
  journal.trim(1, 2); // written to the second file
  journal.append(batchOf(2, 2, 2));
  journal.trim(2, 1); // the second file goes
  expect(fileNumbers(directory)).toEqual([1, 3]);
  expect(readAll(afterCrash(directory), 1)).toEqual(textsOf(1, 3, 3));
});

test('the file being written stays, small as it is, and gives its space back when it is large and all trimmed', () => {
  const directory = newTempDirectory();
  const journal = open(directory, 64 * 1024 * 1024);
  journal.append(batchOf(1, 1, 3));
  journal.trim(1, 3);
  expect(fileNumbers(directory)).toEqual([1]);
  journal.append(batchOf(1, 4, 5, 1024 * 1024));
  journal.trim(1, 5);
  expect(fileNumbers(directory)).toEqual([2]);
  expect(journal.sizeBytes()).toBeLessThan(500_000);
  journal.append(batchOf(1, 6, 6));
  expect(readAll(afterCrash(directory), 1)).toEqual(textsOf(1, 6, 6));
});

test('what a crash left behind is removed: files never finished, companions of unlinked files', () => {
  const directory = newTempDirectory();
  const journal = open(directory);
  for (const first of [1, 2]) journal.append(batchOf(1, first, first));
  const leftovers = ['journal-000001.sqlite.new', 'journal-000003.sqlite.new-wal', 'journal-000000.sqlite-wal'];
  for (const name of leftovers) writeFileSync(join(directory, name), 'leftover');
  writeFileSync(join(directory, 'notes.txt'), 'not ours');
  journal.close();
  const again = open(directory);
  expect(leftovers.filter((name) => existsSync(join(directory, name)))).toEqual([]);
  expect(existsSync(join(directory, 'notes.txt'))).toBe(true);
  expect(readAll(again, 1)).toEqual(textsOf(1, 1, 2));
});

test('S1: a file is a SQLite database in WAL mode with large pages that says what it is', () => {
  const directory = newTempDirectory();
  open(directory).close();
  const database = new Database(join(directory, 'journal-000001.sqlite'), { readonly: true });
  const pragma = (name: string): unknown => database.pragma(name, { simple: true });
  const found = ['journal_mode', 'page_size', 'user_version', 'application_id'].map(pragma);
  database.close();
  expect(found).toEqual(['wal', 16_384, 1, Buffer.from('VRJL').readUInt32BE()]);
});

// Methodology: random appends, trims, reopenings and crashes, with files so small that they rotate all the time, beside a
// model that only knows the last and the trimmed seq of each shard.
test('any order of appends, trims, reopenings and crashes leaves exactly what was appended and not trimmed', () => {
  const shard = fc.integer({ min: 1, max: 3 });
  const step = fc.oneof(
    fc.record({ kind: fc.constant('append' as const), shard, count: fc.integer({ min: 1, max: 4 }) }),
    fc.record({ kind: fc.constant('trim' as const), shard, count: fc.integer({ min: 0, max: 8 }) }),
    fc.record({ kind: fc.constantFrom('reopen' as const, 'crash' as const), shard, count: fc.constant(0) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 25 }), fc.constantFrom(1, 150_000), (steps, fileSizeBytesMax) => {
      let directory = newTempDirectory();
      let journal = new JournalFiles({ directory, fileSizeBytesMax });
      const model = new Map([1, 2, 3].map((each) => [each, { last: 0, trimmed: 0 }]));
      for (const { kind, shard: target, count } of steps) {
        const expected = model.get(target)!;
        if (kind === 'append') {
          journal.append(batchOf(target, expected.last + 1, expected.last + count));
          expected.last += count;
        } else if (kind === 'trim') {
          expected.trimmed = Math.min(expected.last, expected.trimmed + count);
          journal.trim(target, expected.trimmed);
        } else {
          if (kind === 'reopen') journal.close();
          const copy = newTempDirectory();
          cpSync(directory, copy, { recursive: true });
          if (kind === 'crash') journal.close();
          directory = copy;
          journal = new JournalFiles({ directory, fileSizeBytesMax });
        }
      }
      for (const [each, { last, trimmed }] of model)
        expect(readAll(journal, each)).toEqual(textsOf(each, trimmed + 1, last));
      journal.close();
    }),
    { numRuns: 60 },
  );
});
