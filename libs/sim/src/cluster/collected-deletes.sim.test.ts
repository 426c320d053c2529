import type { FieldValue } from '@varve/model';
import { decodeFrame, encodeTombstone, sealFrame } from '@varve/frame';
import type { Service } from '@varve/kit';
import type { Bus, ShardStore } from '@varve/ports';
import { seeds } from '@varve/testkit';
import { decode, encode } from '@varve/wire';
import { expect, test } from 'vitest';
import { busWith } from '../bus-with.ts';
import { cellName, type Cells } from '../cell-model.ts';
import { shardStoreWith } from '../shard-store-with.ts';
import { CALM_NETWORK, SimNetwork } from '../sim-network.ts';
import { SimScheduler } from '../sim-scheduler.ts';
import { DATABASE, readCells, runStatement, writeRequest } from '../workload.ts';
import type { SimNode } from './sim-node.ts';
import { REPLICA_COUNT, SimCluster } from './sim-cluster.ts';

/** A point of this series stands for a delete of the host that `of` names, in the shard where the point would be. */
const DELETE = 'm,host=delete';
const SEED_COUNT = 12;
const DAY_NS = 86_400_000_000_000n;
const FIRST_DAY_NS = 20_454n * DAY_NS;

/** What the DELETE statement will do: such frames become tombstones under the same id and version, wherever they are sent. */
function deleting(bus: Bus): Bus {
  return busWith(bus, {
    publish: (subject, payload, replyTo) => {
      if (!/\.shard\.\d+\.write$/.test(subject)) return bus.publish(subject, payload, replyTo);
      const { header, payload: frame } = decode(payload, 'shardWrite');
      bus.publish(subject, encode('shardWrite', header, asDelete(frame)), replyTo);
    },
    request: (subject, payload, timeoutMs) => {
      if (!subject.endsWith('.hint')) return bus.request(subject, payload, timeoutMs);
      const { header, payload: frame } = decode(payload, 'repairHint');
      return bus.request(subject, encode('repairHint', header, asDelete(frame)), timeoutMs);
    },
  });
}

function asDelete(bytes: Uint8Array): Uint8Array {
  const { header, sections } = decodeFrame(bytes);
  const host = sections[0]?.seriesKeys[0]?.split(`${DELETE},of=`)[1];
  if (host === undefined) return bytes;
  const tombstone = { measurement: 'm', series: { kind: 'match', key: 'host', operator: '=', value: host }, startOffsetNs: 0, endOffsetNs: Number(DAY_NS) } as const;
  return sealFrame(encodeTombstone(header.shard, tombstone), header);
}

// Methodology: one coordinator writes and deletes one after the other, so that what must be left is known. Owners and the repair
// node die meanwhile, and come back at first without a way to each other: an owner then gets deletes from the coordinator at once, flushes
// them, and hears of older writes only later, by hints and pulls. Then all are up
// until every owner has let every delete go. All must hold exactly what is left, and still after all were killed once more.
test.each(seeds(SEED_COUNT))('D1, D7, S1: seed %i: when deletes were collected at every owner no cell has come back', async (seed) => {
  const scheduler = new SimScheduler({ seed });
  const prng = scheduler.prngOf('deletes');
  const files = new DeletesInFiles();
  const network = new SimNetwork(scheduler, CALM_NETWORK);
  const cluster = new SimCluster(scheduler, network, { coordinatorBus: deleting, shardStore: (store, node) => files.watch(store, node) });
  const until = async (what: string, isTrue: () => boolean): Promise<void> => {
    for (let second = 0; !isTrue(); second += 1) {
      expect(second, `seconds waited until ${what}`).toBeLessThan(120);
      await scheduler.runFor(1_000);
    }
  };
  const allServe = (): boolean => cluster.nodes.every(({ service }) => service !== undefined) && cluster.isServing;
  const gateway = () => cluster.coordinators[0]!.service!;
  const left = new Map<string, FieldValue>();
  const expectLeft = async (what: string): Promise<void> => {
    for (const node of cluster.dataNodeIds()) {
      const { cells, failure } = await scheduler.runUntilSettled(readCells(gateway(), node));
      expect([failure, sorted(cells)], `${what}, node ${node}`).toEqual([undefined, sorted(left)]);
    }
  };
  await scheduler.runUntilSettled(cluster.start());
  await until('all serve', () => allServe() && cluster.dataNodeIds().length === REPLICA_COUNT);
  await scheduler.runUntilSettled(runStatement(gateway(), `CREATE DATABASE ${DATABASE} WITH REPLICATION ${REPLICA_COUNT} SHARD DURATION 1d`));

  let deleteCount = 0;
  let away: SimNode<Service> | undefined;
  for (let step = 1; step <= 120; step += 1) {
    const [host, day] = [`h${prng.between(0, 2)}`, BigInt(prng.between(0, 1))];
    const timeNs = FIRST_DAY_NS + day * DAY_NS + BigInt(prng.between(0, 5));
    const isDelete = prng.chance(0.15);
    await scheduler.runUntilSettled(gateway().writePoints(writeRequest(isDelete ? `${DELETE},of=${host} f=0 ${timeNs}` : `m,host=${host} f=${step} ${timeNs}`, 'quorum')));
    if (isDelete) {
      deleteCount += 1;
      for (let at = 0n; at <= 5n; at += 1n) left.delete(cellName(`m,host=${host}`, FIRST_DAY_NS + day * DAY_NS + at, 'f'));
    } else left.set(cellName(`m,host=${host}`, timeNs, 'f'), step);
    await scheduler.runFor(prng.between(10, 800));
    const place = step % 20;
    if (place === 5) {
      [away] = prng.chance(0.8) ? [prng.pick(cluster.datas)] : cluster.repairs;
      away!.kill();
      await scheduler.runFor(2_000); // Two owners of three are known to be there.
    }
    if (place === 10) {
      if (prng.chance(0.7)) network.partition([away!.name], [...cluster.datas, ...cluster.repairs].filter((node) => node !== away).map(({ name }) => name));
      away!.start();
    }
    if (place !== 18) continue;
    await scheduler.runFor(6_000);
    network.heal();
    await until('all serve', allServe);
  }
  expect(deleteCount).toBeGreaterThan(5);
  await until('all serve', allServe);
  await scheduler.runFor(10_000); // What is in memory is flushed.
  await until('every owner has let every delete go', () => files.heldCount === 0);
  expect(files.collectedCount, 'every delete, at every owner').toBeGreaterThanOrEqual(REPLICA_COUNT * deleteCount);
  await expectLeft('all deletes are collected');
  for (const node of cluster.datas) node.kill();
  for (const node of cluster.datas) node.start();
  await until('all serve', allServe);
  await expectLeft('after a restart');
  expect(cluster.fatal).toEqual([]);
});

/** Which deletes the files of all owners hold. */
class DeletesInFiles {
  collectedCount = 0;
  readonly #held = new Map<string, Set<number>>();

  get heldCount(): number {
    return [...this.#held.values()].reduce((sum, { size }) => sum + size, 0);
  }

  /** A change that a crash has cut off may be there or not: the next run reads it. */
  watch(store: ShardStore, node: string): ShardStore {
    return shardStoreWith(store, {
      readTombstones: async (shard) => {
        const tombstones = await store.readTombstones(shard);
        this.#held.set(`${node}/${shard}`, new Set(tombstones.map(({ seq }) => seq)));
        return tombstones;
      },
      commit: async (shard, change) => {
        const ids = await store.commit(shard, change);
        const held = this.#held.get(`${node}/${shard}`)!;
        for (const { seq } of change.tombstones) held.add(seq);
        for (const seq of change.removedTombstoneSeqs) held.delete(seq);
        this.collectedCount += change.removedTombstoneSeqs.length;
        return ids;
      },
    });
  }
}

function sorted(cells: Cells): readonly string[] {
  return [...cells].map(([cell, value]) => `${cell}=${String(value)}`).sort();
}
