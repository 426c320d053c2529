import { DbError } from '@varve/base';
import type { ShardStore } from '@varve/ports';
import { expect, test } from 'vitest';
import { shardStoreWith } from './shard-store-with.ts';
import { SimEmbedded } from './sim-embedded.ts';
import { CALM_NETWORK } from './sim-network.ts';
import { SimScheduler } from './sim-scheduler.ts';

const DAY_NS = 86_400_000_000_000n;
const NOW_NS = 20_454n * DAY_NS;

/** A store in which commits to the first shard that it sees fail for as long as wanted. */
class OneBadShard {
  isBad = true;
  attemptCount = 0;
  readonly flushed = new Set<number>();
  #shard: number | undefined;

  over(store: ShardStore): ShardStore {
    return shardStoreWith(store, {
      commit: async (shard, change) => {
        this.#shard ??= shard;
        if (shard === this.#shard) this.attemptCount += 1;
        if (shard === this.#shard && this.isBad) throw new DbError('STORAGE_FULL', 'no space left');
        const ids = await store.commit(shard, change);
        this.flushed.add(shard);
        return ids;
      },
    });
  }
}

test('a shard that cannot be flushed keeps no other one waiting, is tried again ever more seldom, and recovers', async () => {
  const scheduler = new SimScheduler({ seed: 4 });
  const bad = new OneBadShard();
  const world = new SimEmbedded(scheduler, CALM_NETWORK, (seams) => ({ ...seams, shardStore: bad.over(seams.shardStore) }));
  await scheduler.runUntilSettled(world.start());
  const lines = [0n, 1n, 2n].map((day) => `m f=${day} ${NOW_NS + day * DAY_NS}`).join('\n');
  const request = { retentionPolicy: undefined, level: undefined, nowNs: NOW_NS };
  const created = world.gateway.runQuery({
    ...{ ...request, text: 'CREATE DATABASE sim WITH SHARD DURATION 1d', database: undefined, params: {}, nodeId: undefined },
    ...{ isReadOnlyMethod: false, chunkRowCount: 100, signal: new AbortController().signal },
  });
  await scheduler.runUntilSettled(created[Symbol.asyncIterator]().next());
  await scheduler.runUntilSettled(world.gateway.writePoints({ ...request, body: new TextEncoder().encode(lines), precision: 'n', database: 'sim' }));
  await scheduler.runFor(20_000);
  expect(bad.flushed.size).toBe(2);
  expect(bad.attemptCount).toBeGreaterThan(2);
  expect(bad.attemptCount).toBeLessThan(10);
  bad.isBad = false;
  await scheduler.runFor(60_000);
  expect(bad.flushed.size).toBe(3);
});
