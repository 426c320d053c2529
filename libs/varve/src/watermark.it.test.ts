import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Tombstone } from '@varve/model';
import { newTempDirectory } from '@varve/ports/contract';
import { expect, test } from 'vitest';
import { ShardOnDisk, type Cells } from './testing/shard-on-disk.ts';

// The watermark on real files. Frame n has version n and writes n at time n % 5 of the lanes a, b and c.
const DELETE: Tombstone = { measurement: 'disk', series: { kind: 'all' }, startOffsetNs: 0, endOffsetNs: 5 };
const laneA = (cells: Cells): number[] => [...cells].filter(([key]) => key.startsWith('disk,lane=a')).map(([, number]) => number).sort((left, right) => left - right);

test('S6, S8, S13: versions leave with a merge, the watermark is in the file with it, and rows in the journal are replayed below it', async () => {
  const directory = newTempDirectory();
  let shard = await ShardOnDisk.open(directory);
  const writeFlushed = async (numbers: readonly number[]): Promise<void> => {
    for (const number of numbers) {
      await shard.write(number);
      await shard.flush();
    }
  };
  await writeFlushed([1, 2, 3, 4]);
  expect(await shard.hearOfWatermark(5, 4)).toBe(true);
  while (await shard.merge());
  expect(await shard.versionsInFile()).toEqual(['S5']);
  await writeFlushed([6, 7, 8, 9]);
  for (const number of [11, 12]) await shard.write(number);
  expect(await shard.hearOfWatermark(20, 4)).toBe(true);
  while (await shard.merge());
  expect(await shard.versionsInFile(), 'S14: the first chunk has rows of the same times').toEqual(['S5', '9']);
  await shard.close();
  shard = await ShardOnDisk.open(directory);
  expect(laneA(await shard.cells())).toEqual([8, 9, 11, 12]);
  expect(await shard.hearOfWatermark(11, 4), 'S6: it is there already').toBe(false);
  await shard.write(10); // late
  expect(laneA(await shard.cells())).toEqual([8, 9, 11, 12]);
  expect(await shard.hearOfWatermark(12, 4), 'the merge relied on no more than 11').toBe(true);
  await shard.write(20);
  expect(laneA(await shard.cells())).toEqual([8, 9, 11, 12, 20]);
  await shard.close();
});

test('S9: a late frame of a coordinator is refused; one of a peer or a hint store is ended, so that it does not come again', async () => {
  const directory = newTempDirectory();
  let shard = await ShardOnDisk.open(directory);
  await shard.write(1);
  shard.raiseWatermark(5);
  expect(await shard.deleteByMessage(3, DELETE)).toBe('BELOW_WATERMARK');
  expect([shard.has(3), shard.tombstoneCount]).toEqual([false, 0]);
  await shard.write(2);
  await shard.delete(3, DELETE);
  await shard.close();
  shard = await ShardOnDisk.open(directory);
  expect([shard.has(2), shard.has(3), shard.tombstoneCount, laneA(await shard.cells())]).toEqual([true, true, 0, [1]]);
  await shard.close();
});

test('S10: what is there is acknowledged again below the watermark', async () => {
  const shard = await ShardOnDisk.open(newTempDirectory());
  await shard.write(1);
  expect(await shard.deleteByMessage(2, DELETE)).toBeUndefined();
  shard.raiseWatermark(5);
  await shard.write(1);
  expect(await shard.deleteByMessage(2, DELETE)).toBeUndefined();
  expect(shard.tombstoneCount).toBe(1);
  expect(await shard.deleteByMessage(6, DELETE), 'not below it').toBeUndefined();
  await shard.close();
});

test('S7, S11: an owner takes no watermark for which it lacks a frame, and takes one behind what is being journaled', async () => {
  const shard = await ShardOnDisk.open(newTempDirectory());
  await shard.write(1);
  expect(await shard.hearOfWatermark(9, 2)).toBe(false);
  await shard.write(2);
  const underWay = shard.write(9);
  let isJournaled = false;
  void underWay.then(() => (isJournaled = true));
  expect(await shard.hearOfWatermark(9, 2)).toBe(true);
  expect(isJournaled).toBe(true);
  await underWay;
  expect(laneA(await shard.cells())).toEqual([1, 2, 9]);
  expect(await shard.hearOfWatermark(8, 2), 'S6: it does not go back').toBe(false);
  expect(await shard.deleteByMessage(8, DELETE)).toBe('BELOW_WATERMARK');
  await shard.close();
});

/** An operator moves a damaged journal away: its node names the file and refuses to start. */
function loseJournal(directory: string): void {
  for (const name of readdirSync(directory, { recursive: true, encoding: 'utf8' })) if (/journal-\d+\.sqlite/.test(name)) rmSync(join(directory, name));
}

test.each(['flush', 'merge'] as const)('S6, S11: an owner without its journal takes again what its file lacks, whatever S a %s has stored', async (last) => {
  const directory = newTempDirectory();
  let shard = await ShardOnDisk.open(directory);
  for (const number of [1, 2, 3, 4]) {
    await shard.write(number);
    await shard.flush();
  }
  const lost = last === 'flush' ? 8 : 5;
  if (last === 'merge') await shard.write(lost);
  expect(await shard.hearOfWatermark(6, last === 'flush' ? 4 : lost)).toBe(true);
  if (last === 'merge') expect(await shard.merge()).toBe(true);
  else {
    await shard.write(7);
    await shard.flush();
    await shard.write(lost);
  }
  await shard.close();
  loseJournal(directory);
  shard = await ShardOnDisk.open(directory);
  expect(shard.has(lost)).toBe(false);
  await shard.write(lost); // A peer or a hint store brings it.
  expect(laneA(await shard.cells())).toContain(lost);
  await shard.close();
});
