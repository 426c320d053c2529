import { readdirSync } from 'node:fs';
import { newTempDirectory } from '@varve/ports/contract';
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
