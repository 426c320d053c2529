import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { newTempDirectory } from '@varve/ports/contract';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { problemsOf, ShardOnDisk } from './testing/shard-on-disk.ts';

const FRAME_COUNT = 60;

// Methodology: each frame is in a journal file of its own, so that every trim of a flush on the way unlinks files that the replay has
// passed, and the next page of rows comes from another one.
test('F16: a replay that is flushed on the way has all rows, lets go of the journal behind it, and keeps less in memory', async () => {
  const directory = newTempDirectory();
  const options = { journalFileSizeBytesMax: 1, memtableSizeBytesMax: 4_000 };
  const journalFileCount = (): number => readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((name) => /journal-\d+\.sqlite$/.test(name)).length;
  const writer = await ShardOnDisk.open(directory, options);
  const numbers = Array.from({ length: FRAME_COUNT }, (_, index) => index + 1);
  for (const number of numbers) await writer.write(number);
  await writer.close();
  expect(journalFileCount()).toBe(FRAME_COUNT);
  for (let run = 1; run <= 2; run += 1) {
    const shard = await ShardOnDisk.open(directory, options);
    expect(problemsOf(await shard.cells(), { asked: numbers, acked: numbers }), `run ${run}`).toEqual([]);
    const { frames, rows } = shard.unflushedCount;
    expect(frames).toBeLessThan(FRAME_COUNT / 3);
    expect(rows, 'no row of a chunk is left').toBe(frames);
    numbers.push(FRAME_COUNT + run);
    await shard.write(FRAME_COUNT + run); // Sequence numbers go on.
    await shard.close();
  }
  expect(journalFileCount()).toBeLessThan(FRAME_COUNT / 2);
});

test('F6: a shard whose journal ends before its file does is not opened: the next row would stand behind a hole', async () => {
  const directory = newTempDirectory();
  const writer = await ShardOnDisk.open(directory);
  for (let number = 1; number <= 5; number += 1) await writer.write(number);
  await writer.flush();
  await writer.close();
  const path = readdirSync(directory, { recursive: true, encoding: 'utf8' }).find((name) => /journal-\d+\.sqlite$/.test(name))!;
  const journal = new Database(join(directory, path));
  journal.exec('DELETE FROM trimmed; DELETE FROM row WHERE seq = 5');
  journal.close();
  await expect(ShardOnDisk.open(directory)).rejects.toMatchObject({ code: 'STORAGE_CORRUPT', message: expect.stringContaining('ends with row 4, its file with row 5') });
});
