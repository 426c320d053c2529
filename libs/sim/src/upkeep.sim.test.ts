import { DbError } from '@varve/base';
import type { ShardStore } from '@varve/ports';
import { expect, test } from 'vitest';
import { shardStoreWith } from './shard-store-with.ts';
import { SimEmbedded } from './sim-embedded.ts';
import { CALM_NETWORK } from './sim-network.ts';
import { SimScheduler } from './sim-scheduler.ts';

const DAY_NS = 86_400_000_000_000n;
const NOW_NS = 20_454n * DAY_NS;

const REQUEST = { retentionPolicy: undefined, level: undefined, nowNs: NOW_NS };

function clientOf(scheduler: SimScheduler, world: SimEmbedded): { readonly run: (text: string) => Promise<unknown>; readonly write: (lines: readonly string[]) => Promise<unknown> } {
  const query = { ...REQUEST, database: undefined, params: {}, nodeId: undefined, isReadOnlyMethod: false, chunkRowCount: 100 };
  return {
    run: (text) => scheduler.runUntilSettled(world.gateway.runQuery({ ...query, text, signal: new AbortController().signal })[Symbol.asyncIterator]().next()),
    write: (lines) => scheduler.runUntilSettled(world.gateway.writePoints({ ...REQUEST, body: new TextEncoder().encode(lines.join('\n')), precision: 'n', database: 'sim' })),
  };
}

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
  const { run, write } = clientOf(scheduler, world);
  await run('CREATE DATABASE sim WITH SHARD DURATION 1d');
  await write([0n, 1n, 2n].map((day) => `m f=${day} ${NOW_NS + day * DAY_NS}`));
  await scheduler.runFor(20_000);
  expect(bad.flushed.size).toBe(2);
  expect(bad.attemptCount).toBeGreaterThan(2);
  expect(bad.attemptCount).toBeLessThan(10);
  bad.isBad = false;
  await scheduler.runFor(60_000);
  expect(bad.flushed.size).toBe(3);
});

// Methodology: memtables are over budget with each write, so that a flush is being packed when the database is dropped, most of the time.
test('a shard that is dropped while its rows are packed is let go once that has ended, and nothing brings it back', async () => {
  const scheduler = new SimScheduler({ seed: 5 });
  let [isDropped, lateCommitCount] = [false, 0];
  let store: ShardStore | undefined;
  const world = new SimEmbedded(scheduler, CALM_NETWORK, (seams) => {
    store = seams.shardStore;
    const commit: ShardStore['commit'] = (shard, change) => {
      if (isDropped) lateCommitCount += 1;
      return seams.shardStore.commit(shard, change);
    };
    return { ...seams, shardStore: shardStoreWith(seams.shardStore, { commit }) };
  });
  await scheduler.runUntilSettled(world.start());
  const { run, write } = clientOf(scheduler, world);
  for (let round = 0; round < 20; round += 1) {
    isDropped = false;
    await run('CREATE DATABASE sim WITH SHARD DURATION 1d');
    for (let time = 0n; time < 3n; time += 1n) await write(Array.from({ length: 30 }, (_, host) => `m,host=${host} f=1 ${NOW_NS + time}`));
    await run('DROP DATABASE sim');
    isDropped = true;
    await scheduler.runFor(3_000);
    expect(await scheduler.runUntilSettled(store!.shards())).toEqual([]);
  }
  expect(lateCommitCount).toBeGreaterThan(5);
  expect(world.fatal).toEqual([]);
});
