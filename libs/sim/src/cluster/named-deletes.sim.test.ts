import { decodeFrame } from '@varve/frame';
import type { Bus } from '@varve/ports';
import { decode, encode } from '@varve/wire';
import { seeds } from '@varve/testkit';
import { expect, test } from 'vitest';
import { busWith } from '../bus-with.ts';
import { runStatement, writeRequest } from '../workload.ts';
import { DeleteWorld } from './delete-world.ts';

// Faults around a delete, one by one and by their names. The random histories are in deletes.sim.test.ts.
const DAY_NS = 20_454n * 86_400_000_000_000n;
const at = (offset: number): bigint => DAY_NS + BigInt(offset);
const line = (value: number | string, offset = value as number, host = 'a', measurement = 'm'): string => `${measurement},host=${host} f=${typeof value === 'string' ? `"${value}"` : value} ${at(offset)}`;
const ALL_GONE = [[], [], []];
const all = (...values: readonly (number | string)[]): unknown[] => [values, values, values];

test.each(seeds(4))('ap_delete_replica_down: seed %i: an owner that was away has what was deleted meanwhile deleted', async (seed) => {
  const world = await DeleteWorld.open(seed);
  const [away] = world.cluster.datas;
  await world.write(0, [line(1), line(2), line(3)].join('\n'), 'all');
  away!.kill();
  await world.runFor(2_000);
  await world.run(1, `DELETE FROM m WHERE time < ${at(3)}`);
  away!.start();
  await world.untilAllServe();
  await world.runFor(5_000);
  expect(await world.values()).toEqual(all(3));
});

test.each(seeds(4))('ap_delete_then_late_hint: seed %i: a hint from before a delete brings nothing back', async (seed) => {
  const world = await DeleteWorld.open(seed);
  const [repair] = world.cluster.repairs;
  const [away] = world.cluster.datas;
  away!.kill();
  await world.runFor(2_000);
  await world.write(0, line(1)); // its hint for the one that is away
  await world.runFor(2_000);
  repair!.kill();
  world.network.partition([away!.name], world.cluster.datas.slice(1).map(({ name }) => name));
  away!.start();
  await world.until('it is up', async () => away!.service !== undefined);
  await world.runFor(2_000);
  await world.run(1, 'DELETE FROM m');
  await world.write(1, line(2));
  repair!.start();
  await world.runFor(5_000);
  world.network.heal();
  await world.untilAllServe();
  await world.runFor(5_000);
  expect(await world.values()).toEqual(all(2));
});

test.each(seeds(4))('ap_delete_then_repair_from_stale: seed %i: what one owner alone had from before a delete stays deleted when it hands it on', async (seed) => {
  const world = await DeleteWorld.open(seed);
  const [stale, ...others] = world.cluster.datas;
  await world.write(0, line(1), 'all');
  for (const node of [...others, ...world.cluster.repairs]) node.kill();
  await world.runFor(2_000);
  await world.write(0, line(2), 'one');
  stale!.kill();
  for (const node of others) node.start();
  await world.until('they are up', async () => others.every(({ service }) => service !== undefined));
  await world.runFor(2_000);
  await world.run(1, 'DELETE FROM m');
  for (const node of [stale!, ...world.cluster.repairs]) node.start();
  await world.untilAllServe();
  await world.runFor(10_000);
  expect(await world.values()).toEqual(ALL_GONE);
});

test.each(seeds(6))('ap_delete_while_flush: seed %i: rows that are flushed while they are deleted stay deleted, also after a restart', async (seed) => {
  const world = await DeleteWorld.open(seed);
  for (const { disk } of world.cluster.datas) disk.latencyMsMax = 200;
  const deleting: Promise<void>[] = [];
  for (let round = 1; round <= 12; round += 1) {
    const lines = Array.from({ length: 40 }, (_, row) => line(round, round * 100 + row, `h${row}`)).join('\n');
    await world.write(0, lines, 'all');
    if (round % 4 === 0) deleting.push(world.run(1, `DELETE FROM m WHERE time < ${at(round * 100)}`));
    await world.runFor(seed * 37);
  }
  await Promise.all(deleting);
  for (const node of world.cluster.datas) node.kill();
  for (const node of world.cluster.datas) node.start();
  await world.untilAllServe();
  const values = await world.values();
  expect(values.map((each) => [each.length, Math.min(...(each as number[]))])).toEqual([[40, 12], [40, 12], [40, 12]]);
});

test('ap_delete_replica_down_longer_than_gc: deletes are kept for an owner that is away, however long', async () => {
  const world = await DeleteWorld.open(7);
  const [away] = world.cluster.datas;
  await world.write(0, [line(1), line(2)].join('\n'), 'all');
  await world.runFor(10_000);
  away!.kill();
  await world.runFor(2_000);
  await world.run(0, `DELETE FROM m WHERE time < ${at(2)}`);
  await world.runFor(300_000);
  away!.start();
  await world.untilAllServe();
  await world.runFor(10_000);
  expect(await world.values()).toEqual(all(2));
});

test.each(seeds(4))('ap_drop_recreate_with_pending_hints: seed %i: a dropped measurement that is written anew with another type has nothing of the old one', async (seed) => {
  const world = await DeleteWorld.open(seed);
  const [away] = world.cluster.datas;
  await world.write(0, line(1), 'all');
  away!.kill();
  await world.runFor(2_000);
  await world.write(0, line(2));
  await world.run(1, 'DROP MEASUREMENT m');
  await world.write(0, line('new', 3)); // through the other one
  away!.start();
  await world.untilAllServe();
  await world.runFor(5_000);
  expect(await world.values()).toEqual(all('new'));
});

test.each(seeds(4))('ap_write_delete_race: seed %i: writes that race with a delete are there or not, alike everywhere, and those behind it are there', async (seed) => {
  const world = await DeleteWorld.open(seed);
  const racing = Array.from({ length: 20 }, (_, index) => world.coordinator(index % 2).writePoints(writeRequest(line(index), 'quorum')));
  const deleted = world.run(seed % 2, 'DELETE FROM m');
  await world.settled(Promise.all(racing));
  await deleted;
  await world.write(1 - (seed % 2), line(100), 'all');
  await world.runFor(5_000);
  const [first, ...others] = await world.values();
  expect(first).toContain(100);
  for (const other of others) expect(other).toEqual(first);
});

test('DL5, DL6: without a majority of owners a delete says so, and the same once more is safe', async () => {
  const world = await DeleteWorld.open(3);
  await world.write(0, line(1), 'all');
  const [, ...away] = world.cluster.datas;
  for (const node of away) node.kill();
  await world.runFor(2_000);
  expect(await world.problemOf(0, 'DELETE FROM m')).toMatch(/^deleted from 0 of 1 shards at least, 1 did not take it: write not accepted: 1 of 2 needed owners .*; the same statement may be sent again$/);
  for (const node of away) node.start();
  await world.untilAllServe();
  await world.run(0, 'DELETE FROM m');
  await world.write(1, line(2), 'all');
  await world.runFor(5_000);
  expect(await world.values()).toEqual(all(2));
});

test('DL6: a shard that holds as many deletes as it may refuses, and the answer says why', async () => {
  const refusing = (bus: Bus): Bus =>
    busWith(bus, {
      publish: (subject, payload, replyTo) => {
        if (!isFullNow || !isDelete(subject, payload)) return bus.publish(subject, payload, replyTo);
        const { header, payload: frame } = decode(payload, 'shardWrite');
        const { shard } = decodeFrame(frame).header;
        for (const owner of world.cluster.dataNodeIds()) bus.publish(replyTo!, encode('shardAck', { ...header, owner, shard, seriesCount: undefined, refusal: 'TOMBSTONE_LIMIT', reason: 'full' }));
      },
    });
  let isFullNow = false;
  const world = await DeleteWorld.open(5, { coordinatorBus: refusing });
  await world.write(0, line(1), 'all');
  isFullNow = true;
  expect(await world.problemOf(0, 'DELETE FROM m')).toMatch(/^deleted from 0 of 1 shards at least, .*TOMBSTONE_LIMIT.*; the same statement may be sent again$/);
  isFullNow = false;
  await world.run(0, 'DELETE FROM m');
  expect((await world.values()).flat()).toEqual([]);
});

test.each(seeds(3))('DL4: seed %i: a coordinator that stands still is fenced; it goes on under another incarnation, and what it writes then shows', async (seed) => {
  const world = await DeleteWorld.open(seed);
  await world.write(1, line(1), 'all');
  const paused = world.cluster.coordinators[1]!.process!;
  paused.pause();
  await world.run(0, 'DELETE FROM m');
  await world.runFor(5_000);
  paused.resume();
  await world.runFor(1_000);
  await world.until('it writes again', async () => world.settled(world.coordinator(1).writePoints(writeRequest(line(2), 'all')).then(() => true, () => false)));
  expect(await world.values()).toEqual(all(2));
});

test.each(seeds(4))('DL8: seed %i: a write ends a drop whose coordinator died in the middle, and nothing of the old measurement comes back', async (seed) => {
  let deletesLeft = Infinity;
  const dying = (bus: Bus, name: string): Bus =>
    busWith(bus, {
      publish: (subject, payload, replyTo) => {
        if (name === 'coordinator1' && isDelete(subject, payload) && deletesLeft-- <= 0) return void world.cluster.coordinators[0]!.kill();
        bus.publish(subject, payload, replyTo);
      },
    });
  const world = await DeleteWorld.open(seed, { coordinatorBus: dying });
  await world.write(0, [line(1), line(2, 2, 'b')].join('\n'), 'all');
  await world.runFor(500);
  deletesLeft = seed % 2;
  runStatement(world.coordinator(0), 'DROP MEASUREMENT m').catch(() => undefined); // Nobody is left to answer.
  await world.runFor(3_000);
  await world.write(1, line('new', 3), 'all');
  world.cluster.coordinators[0]!.kill();
  world.cluster.coordinators[0]!.start();
  await world.untilAllServe();
  expect(await world.values('m', 1)).toEqual(all('new'));
});

function isDelete(subject: string, payload: Uint8Array): boolean {
  return /\.shard\.\d+\.write$/.test(subject) && decodeFrame(decode(payload, 'shardWrite').payload).tombstone !== undefined;
}
