import { expect, test } from 'vitest';
import { damageRaftLog } from './sim-raft-log-store.ts';
import { MetaWorld } from './testing/meta-world.ts';

// Methodology: meta nodes whose logs, snapshots or processes have come to harm while the rest of the group is well.

/** Three nodes with some databases, all of them in every log; snapshots have been taken, and entries stand behind them. */
async function worldWithDatabases(count = 15): Promise<MetaWorld> {
  const world = new MetaWorld();
  await world.startAll();
  for (let number = 0; number < count; number += 1) await world.createDatabase(`d${number}`);
  await world.scheduler.runFor(1_000);
  return world;
}

function followerOf({ leader }: MetaWorld): number {
  return (leader % 3) + 1;
}

test('M17, P07: a log with a damaged entry in its middle is filled up by the leader, and whole again at the next start', async () => {
  const world = await worldWithDatabases();
  const peer = followerOf(world);
  const { lastIndex } = world.control(peer).metaStatus();
  world.kill(peer);
  damageRaftLog(world.group.disks.get(peer)!, { kind: 'rotEntry', index: lastIndex - 1 });
  expect(await world.outcomeOf(world.group.start(peer), 50)).toBe('takes part');
  await world.scheduler.runFor(2_000);
  expect(world.control(peer).metaStatus()).toMatchObject({ isRecovering: false, lastIndex });
  world.kill(peer);
  expect(await world.outcomeOf(world.group.start(peer))).toBe('takes part');
  expect(world.control(peer).metaStatus()).toMatchObject({ isRecovering: false, lastIndex });
});

test('M17, P08: lost writes of a minority lose nothing, though it votes', async () => {
  const world = await worldWithDatabases();
  const peer = followerOf(world);
  const { leader } = world;
  world.kill(peer);
  damageRaftLog(world.group.disks.get(peer)!, { kind: 'loseEntriesAfter', index: world.control().metaStatus().lastIndex - 2 });
  world.kill(leader);
  void world.group.start(peer); // the third one and it are the quorum now
  await world.createDatabase('after');
  await world.scheduler.runFor(2_000);
  expect(world.leader).not.toBe(peer);
  const status = world.control(peer).metaStatus();
  expect(status).toMatchObject({ isRecovering: false, catalogVersion: world.control().metaStatus().catalogVersion });
});

test('M17: a node that is alone refuses a damaged log', async () => {
  const world = new MetaWorld({ peerCount: 1 });
  await world.startAll();
  for (const name of ['a', 'b', 'c']) await world.createDatabase(name);
  const { lastIndex } = world.control(1).metaStatus();
  world.kill(1);
  damageRaftLog(world.group.disks.get(1)!, { kind: 'rotEntry', index: lastIndex - 1 });
  expect(await world.outcomeOf(world.group.start(1))).toMatch(/STORAGE_CORRUPT: the catalog log has lost entries/);
});

test('M18, P11: a node whose snapshot is lost takes another one over before it takes part', async () => {
  const world = await worldWithDatabases(25);
  const peer = followerOf(world);
  world.kill(peer);
  const catalog: { snapshot: unknown } = world.group.disks.get(peer)!.file('catalog', () => ({ snapshot: undefined }));
  expect(catalog.snapshot).toBeDefined();
  catalog.snapshot = undefined;
  expect(await world.outcomeOf(world.group.start(peer))).toBe('takes part');
  await world.createDatabase('after');
  await world.scheduler.runFor(2_000);
  expect(world.control(peer).metaStatus().catalogVersion).toBe(world.control().metaStatus().catalogVersion);
});

test('M18: the lost snapshot is taken over from a later term as well, and the node starts again after that', async () => {
  const world = await worldWithDatabases(25);
  const peer = followerOf(world);
  world.kill(peer);
  const catalog: { snapshot: unknown } = world.group.disks.get(peer)!.file('catalog', () => ({ snapshot: undefined }));
  catalog.snapshot = undefined;
  await world.scheduler.runFor(2_000); // the leader knows that it does not answer
  await world.scheduler.runUntilSettled(world.control().transferLeadership(0));
  for (let number = 0; number < 15; number += 1) await world.createDatabase(`later${number}`);
  for (let start = 0; start < 2; start += 1) {
    expect(await world.outcomeOf(world.group.start(peer))).toBe('takes part');
    world.kill(peer);
  }
});

test('M9: a node that is killed at any moment of taking a snapshot over starts again', async () => {
  for (let delayMs = 0; delayMs < 60; delayMs += 3) {
    const world = await worldWithDatabases(5);
    const peer = followerOf(world);
    world.kill(peer);
    const disk = world.group.disks.get(peer)!;
    disk.latencyMsMin = 5;
    disk.latencyMsMax = 15;
    for (let number = 0; number < 30; number += 1) await world.createDatabase(`later${number}`);
    await world.scheduler.runFor(2_000);
    await world.scheduler.runUntilSettled(world.control().transferLeadership(0));
    const start = world.outcomeOf(world.group.start(peer), 250);
    expect(await start).toBe('takes part');
    await world.scheduler.runFor(delayMs);
    world.kill(peer);
    expect(await world.outcomeOf(world.group.start(peer)), `killed after ${delayMs} ms`).toBe('takes part');
    await world.scheduler.runFor(3_000);
    expect(world.control(peer).metaStatus().appliedIndex).toBe(world.control().metaStatus().appliedIndex);
  }
});

test('M19, P10: a damaged hard state is refused', async () => {
  const world = await worldWithDatabases(3);
  const peer = followerOf(world);
  world.kill(peer);
  damageRaftLog(world.group.disks.get(peer)!, { kind: 'rotHardState' });
  expect(await world.outcomeOf(world.group.start(peer))).toMatch(/STORAGE_CORRUPT/);
  await world.createDatabase('still');
});

test('M20: an entry of a kind that this version does not know ends the node, and is never skipped', async () => {
  const world = new MetaWorld({ peerCount: 1 });
  await world.startAll();
  await world.createDatabase('d');
  world.kill(1);
  const { raft }: { raft: { entries: { index: number; term: number; kind: number; payload: Uint8Array }[] } } = world.group.disks.get(1)!.file('raft', () => ({ raft: { entries: [] } }));
  const last = raft.entries.at(-1)!;
  raft.entries.push({ ...last, index: last.index + 1, kind: 99 });
  expect(await world.outcomeOf(world.group.start(1))).toMatch(/STORAGE_NEWER_FORMAT: entry \d+ of the catalog log is of kind 99.*upgrade this node/);
  expect(world.group.fatal).toHaveLength(1);
});

test('M8, N08: a leader whose process stood still for longer than an election timeout gives up when it goes on', async () => {
  const world = await worldWithDatabases(3);
  const { leader } = world;
  const { process } = world.group.running.get(leader)!;
  // The others cannot reach each other, so that nobody else is elected meanwhile: it is not deposed, it gives up.
  const others = world.group.peers.filter((peer) => peer !== leader).map((peer) => `meta${peer}`);
  world.network.partition([others[0]!], [others[1]!]);
  process.pause();
  await world.scheduler.runFor(700);
  process.resume();
  await world.scheduler.runFor(20);
  expect(world.control(leader).metaStatus()).toMatchObject({ role: 'follower' });
  world.network.heal();
  await world.createDatabase('after');
});
