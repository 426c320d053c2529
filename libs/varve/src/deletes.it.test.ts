import { LIMITS } from '@varve/config';
import { newTempDirectory } from '@varve/ports/contract';
import type { Tombstone } from '@varve/model';
import { expect, test } from 'vitest';
import { ShardOnDisk } from './testing/shard-on-disk.ts';

// A delete on real files, through every step of a shard's life. Frame n writes n at time n % 5 of the lanes a, b and c.
const LANE_A: Tombstone = { measurement: 'disk', series: { kind: 'match', key: 'lane', operator: '=', value: 'a' }, startOffsetNs: 0, endOffsetNs: 5 };

test('D1, D5, D7: a delete hides older cells at once, after a restart, after a flush and when they come late, until it is collected', async () => {
  const directory = newTempDirectory();
  let shard = await ShardOnDisk.open(directory);
  const reopen = async (): Promise<void> => {
    await shard.close();
    shard = await ShardOnDisk.open(directory);
  };
  const numbersOf = async (lane: string): Promise<number[]> => [...(await shard.cells())].filter(([key]) => key.startsWith(`disk,lane=${lane}`)).map(([, number]) => number).sort((left, right) => left - right);
  const check = async (lanes: { readonly a: number[]; readonly b: number[] }): Promise<void> => {
    expect([await numbersOf('a'), await numbersOf('b')]).toEqual([lanes.a, lanes.b]);
  };

  await shard.write(1);
  await shard.flush();
  await shard.write(2);
  await shard.delete(6, LANE_A);
  await shard.write(8);
  await check({ a: [8], b: [1, 2, 8] });
  await reopen(); // the delete is in the journal only
  await check({ a: [8], b: [1, 2, 8] });
  await shard.flush();
  await reopen(); // it is in the file
  expect(shard.tombstoneCount).toBe(1);
  await check({ a: [8], b: [1, 2, 8] });
  await shard.write(4); // late
  await shard.delete(6, LANE_A); // once more
  await check({ a: [8], b: [1, 2, 4, 8] });
  await shard.flush();
  await shard.merge();
  expect(shard.tombstoneCount).toBe(1);

  shard.raiseWatermark(7);
  while (await shard.merge());
  expect(shard.tombstoneCount).toBe(0);
  await reopen();
  expect(shard.tombstoneCount).toBe(0);
  await check({ a: [8], b: [1, 2, 4, 8] });
  await shard.close();
});

test('D9: a shard that holds as many deletes as it may refuses those of coordinators, and takes those that other owners have', async () => {
  const shard = await ShardOnDisk.open(newTempDirectory());
  await Promise.all(Array.from({ length: LIMITS.tombstoneCountMax - 1 }, (_, index) => shard.delete(index + 1, LANE_A)));
  const last = LIMITS.tombstoneCountMax;
  expect(await shard.deleteByMessage(last, LANE_A)).toBeUndefined();
  expect(await shard.deleteByMessage(last + 1, LANE_A)).toBe('TOMBSTONE_LIMIT');
  await shard.delete(last + 1, LANE_A);
  await shard.write(last + 2);
  expect(shard.tombstoneCount).toBe(last + 1);
  await shard.flush();
  shard.raiseWatermark(last + 2);
  while (await shard.merge());
  expect([shard.tombstoneCount, await shard.deleteByMessage(last + 3, LANE_A)]).toEqual([0, undefined]);
  await shard.close();
});

test('D9: a delete with a pattern that is none is refused and changes nothing', async () => {
  const directory = newTempDirectory();
  const shard = await ShardOnDisk.open(directory);
  await shard.write(1);
  const refused = shard.delete(2, { ...LANE_A, series: { kind: 'match', key: 'lane', operator: '=~', value: '[' } });
  await expect(refused).rejects.toMatchObject({ code: 'FRAME_INVALID' });
  await shard.write(2); // its number is free
  await shard.close();
  const again = await ShardOnDisk.open(directory);
  expect([again.tombstoneCount, (await again.cells()).size]).toEqual([0, 6]);
  await again.close();
});
