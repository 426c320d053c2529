import { compareVersions, NO_WATERMARK, type ShardId, type Version } from '@varve/model';
import type { ShardStore } from '@varve/ports';
import { expect, test } from 'vitest';
import { shardStoreWith } from './shard-store-with.ts';
import { SimEmbedded } from './sim-embedded.ts';
import { CALM_NETWORK } from './sim-network.ts';
import { SimScheduler } from './sim-scheduler.ts';
import { DATABASE, runStatement, Workload, writeRequest } from './workload.ts';

/** A round of watermarks, and a flush that stores what it found. */
const LAG_MS_MAX = 15_000;

// Methodology: one process that is written to, killed and started again. What its store is given shows the watermark that the
// file relies on: it must follow the clock, and not go back over a restart.
test('S5, S6: a single node moves the watermarks of its shards, and they never go back', async () => {
  const scheduler = new SimScheduler({ seed: 8 });
  const latest = new Map<ShardId, Version>();
  const wentBack: ShardId[] = [];
  const watched = (store: ShardStore): ShardStore =>
    shardStoreWith(store, {
      commit: async (shard, change) => {
        if (compareVersions(change.state.watermark, latest.get(shard) ?? NO_WATERMARK) < 0) wentBack.push(shard);
        latest.set(shard, change.state.watermark);
        return store.commit(shard, change);
      },
    });
  const world = new SimEmbedded(scheduler, CALM_NETWORK, (seams) => ({ ...seams, shardStore: watched(seams.shardStore) }));
  const workload = new Workload(scheduler.prngOf('workload'));
  const write = async (seconds: number): Promise<void> => {
    for (let turn = 0; turn < 2 * seconds; turn += 1) {
      await scheduler.runUntilSettled(world.gateway.writePoints(writeRequest(workload.next().lines)));
      await scheduler.runFor(500);
    }
  };
  await scheduler.runUntilSettled(world.start());
  await scheduler.runUntilSettled(runStatement(world.gateway, `CREATE DATABASE ${DATABASE} WITH SHARD DURATION 1d`));
  await write(15);
  const first = new Map(latest);
  expect([...first.values()].map(({ wallMs }) => wallMs > 0)).toEqual([true, true, true]);

  world.kill();
  await scheduler.runUntilSettled(world.start());
  await write(30);
  for (const [shard, { wallMs }] of latest) expect(wallMs - first.get(shard)!.wallMs, `shard ${shard}`).toBeGreaterThan(30_000 - LAG_MS_MAX);
  expect([wentBack, world.fatal]).toEqual([[], []]);
});
