import type { ShardStore } from '@varve/ports';
import { expect, test } from 'vitest';
import { shardStoreWith } from '../shard-store-with.ts';
import { readCells, writeRequest } from '../workload.ts';
import { startCalmCluster } from './calm-cluster.ts';
import { REPLICA_COUNT } from './sim-cluster.ts';

// Methodology: a calm cluster writes and flushes. Then all data nodes start anew, so that nothing is cached, and the disks of the one,
// two and three owners that are asked first change what they are asked for.
test('Y3, Y4: an owner whose chunk is damaged is followed by the next; when there is none, the statement says what is damaged', async () => {
  const rotten = new Set<ShardStore>();
  let rottenCountMax = 0;
  const rotting = (store: ShardStore): ShardStore => {
    const readHeaders: ShardStore['readHeaders'] = async (shard, chunkIds) => {
      if (rotten.size < rottenCountMax) rotten.add(store);
      const headers = await store.readHeaders(shard, chunkIds);
      return rotten.has(store) ? headers.map((header) => header?.map((byte, at) => (at === 9 ? byte ^ 1 : byte))) : headers;
    };
    return shardStoreWith(store, { readHeaders });
  };
  const { scheduler, cluster, gateway: gatewayOf, untilServing } = await startCalmCluster({ seed: 3, replicaCount: REPLICA_COUNT, seams: { shardStore: rotting } });
  const gateway = gatewayOf();
  await scheduler.runUntilSettled(gateway.writePoints(writeRequest('m,t=1 f=1i 1', 'all')));
  await scheduler.runFor(10_000); // Memtables are flushed after two.

  for (rottenCountMax = 1; rottenCountMax <= REPLICA_COUNT; rottenCountMax += 1) {
    rotten.clear();
    for (const data of cluster.datas) data.kill();
    for (const data of cluster.datas) data.start();
    await scheduler.runFor(10_000);
    await untilServing();
    for (let round = 0; round < 2; round += 1) {
      const { failure, cells } = await scheduler.runUntilSettled(readCells(gateway));
      if (rottenCountMax < REPLICA_COUNT) expect([failure, cells.size]).toEqual([undefined, 1]);
      else expect(String(failure)).toMatch(/rows of measurement "m" from 1970-01-01T00:00:00Z to 1970-01-01T00:00:01Z in shard \d+ cannot be read/);
    }
    const foundCount = cluster.metrics.sumOf('storage.damage', 'chunk');
    expect(foundCount, 'once per node').toBeGreaterThanOrEqual(rottenCountMax);
    expect(cluster.datas.map(({ service }) => service!.problems().length).toSorted().slice(-foundCount), 'also after a restart').toEqual(Array.from({ length: foundCount }, () => 1));
  }
  expect(cluster.metrics.sumOf('storage.damage', 'chunk')).toBe(REPLICA_COUNT);
  expect(cluster.fatal).toEqual([]);
});
