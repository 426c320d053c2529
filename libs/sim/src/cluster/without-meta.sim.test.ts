import { expect, test } from 'vitest';
import { readCells, writeRequest } from '../workload.ts';
import { startCalmCluster, type CalmCluster } from './calm-cluster.ts';
import { REPLICA_COUNT, type SimCluster } from './sim-cluster.ts';

const DAY_NS = 86_400_000_000_000n;

/** A calm cluster with one shard of three owners. */
async function started(): Promise<CalmCluster & { readonly others: SimCluster['nodes'] }> {
  const calm = await startCalmCluster({ seed: 11, replicaCount: REPLICA_COUNT });
  const { scheduler, cluster, gateway } = calm;
  const others = [...cluster.datas, ...cluster.coordinators, ...cluster.repairs];
  await scheduler.runUntilSettled(gateway().writePoints(writeRequest('m,t=1 f=1i 1', 'all')));
  return { ...calm, others };
}

// Methodology: a calm cluster writes and saves its copies of the catalog; then all meta nodes are killed for good and every
// other process is killed and started again, so that nothing but what is on disk can help.
test('F11: the cluster starts again and answers queries while no meta node lives, and takes writes when they are back', async () => {
  const { scheduler, cluster, until, gateway, others } = await started();
  const before = await scheduler.runUntilSettled(readCells(gateway()));
  expect([before.failure, before.cells.size]).toEqual([undefined, 1]);
  await scheduler.runFor(10_000);

  for (const node of [...cluster.metas, ...others]) node.kill();
  for (const node of others) node.start();
  await until(() => others.every(({ service }) => service !== undefined));
  await scheduler.runFor(30_000);
  expect(await scheduler.runUntilSettled(readCells(gateway()))).toEqual(before);
  expect(gateway().health().isPassing, 'it has no lease').toBe(false);
  await expect(scheduler.runUntilSettled(gateway().writePoints(writeRequest('m,t=1 f=2i 2', 'all')))).rejects.toMatchObject({ code: 'META_UNAVAILABLE' });

  for (const meta of cluster.metas) meta.start();
  await until(() => gateway().health().isPassing);
  await scheduler.runUntilSettled(gateway().writePoints(writeRequest('m,t=1 f=3i 3', 'all')));
  expect((await scheduler.runUntilSettled(readCells(gateway()))).cells.size).toBe(2);
  expect(cluster.fatal).toEqual([]);
});

test('X17: a shard that an owner did not know when it started without a meta node joins when it is opened', async () => {
  const { scheduler, cluster, until, gateway } = await started();
  const write = (second: bigint): Promise<unknown> => scheduler.runUntilSettled(gateway().writePoints(writeRequest(`m,t=1 f=1i ${5n * DAY_NS + second * 1_000_000_000n}`, 'quorum')));
  const [first] = cluster.datas;
  await scheduler.runFor(10_000);
  await write(0n); // Of a new shard, which the copies of the catalog that are saved do not have yet.
  first!.kill();
  for (let second = 1n; second < 10n; second += 1n) await write(second);
  for (const node of [...cluster.repairs, ...cluster.metas]) node.kill(); // Nobody brings what it has missed.
  first!.start();
  await until(() => first!.service !== undefined);
  for (const meta of cluster.metas) meta.start();
  await until(() => gateway().health().isPassing);
  const cellCounts = async (): Promise<readonly number[]> => {
    const counts: number[] = [];
    for (const node of cluster.dataNodeIds()) counts.push((await scheduler.runUntilSettled(readCells(gateway(), node))).cells.size);
    return counts;
  };
  await cellCounts(); // Whoever is asked has all shards.
  await scheduler.runFor(1_000);
  await until(() => cluster.isServing);
  expect(await cellCounts()).toEqual([11, 11, 11]);
});
