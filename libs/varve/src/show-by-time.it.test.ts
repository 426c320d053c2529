import { newTempDirectory } from '@varve/ports/contract';
import type { Tombstone } from '@varve/model';
import { expect, test } from 'vitest';
import { ShardOnDisk } from './testing/shard-on-disk.ts';

// Frame n writes n at time n % 5 of the lanes a, b and c.
const LANE_A: Tombstone = { measurement: 'disk', series: { kind: 'match', key: 'lane', operator: '=', value: 'a' }, startOffsetNs: 2, endOffsetNs: 4 };

test('SH2 SHOW TAG VALUES by time is exact to the point, on files too, through deletes, flushes, merges and restarts', async () => {
  const directory = newTempDirectory();
  let shard = await ShardOnDisk.open(directory);
  const check = async (): Promise<void> => {
    expect(await shard.lanesBetween(0, 4), 'any time').toEqual(['a', 'b', 'c']);
    expect(await shard.lanesBetween(1, 1), 'the first time').toEqual(['a', 'b', 'c']);
    expect(await shard.lanesBetween(2, 3), 'what was deleted of a').toEqual(['b', 'c']);
    expect(await shard.lanesBetween(4, 4), 'nothing was written there').toEqual([]);
    expect(await shard.lanesBetween(5, 1_000), 'behind everything').toEqual([]);
    expect(await shard.lanesBetween(-1_000, -1), 'before everything').toEqual([]);
  };

  for (const number of [1, 2, 3]) await shard.write(number);
  await shard.delete(6, LANE_A);
  await check();
  await shard.flush();
  await check();
  await shard.write(7); // Once more at time 2: newer than the delete.
  expect(await shard.lanesBetween(2, 2)).toEqual(['a', 'b', 'c']);
  expect(await shard.lanesBetween(3, 3)).toEqual(['b', 'c']);
  await shard.delete(8, LANE_A);
  await shard.flush();
  await check();
  while (await shard.merge());
  await check();
  await shard.close();
  shard = await ShardOnDisk.open(directory);
  await check();
  await shard.close();
});
