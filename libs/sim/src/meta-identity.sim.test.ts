import { Prng } from '@varve/base';
import { expect, test } from 'vitest';
import { SimDisk } from './sim-disk.ts';
import { CALM_NETWORK } from './sim-network.ts';
import { MetaWorld } from './testing/meta-world.ts';

// Methodology: meta nodes on disks that are blank, lost, copied or put back to an earlier time. What a process says when it
// must not take part is what its start rejects with; the others go on meanwhile.
test('M11: three blank nodes found one group, whatever order they start in and whoever crashes meanwhile', async () => {
  const prng = new Prng(5);
  for (let round = 0; round < 60; round += 1) {
    const world = new MetaWorld({ seed: prng.uint32(), faults: { ...CALM_NETWORK, lossProbability: 0.1, duplicateProbability: 0.1, delayMsMax: 20 } });
    for (const peer of [1, 2, 3].toSorted(() => prng.fraction() - 0.5)) {
      void world.group.start(peer);
      await world.scheduler.runFor(prng.between(0, 300));
    }
    for (let crash = 0; crash < 4; crash += 1) {
      const peer = prng.between(1, 3);
      world.kill(peer);
      await world.scheduler.runFor(prng.between(0, 400));
      void world.group.start(peer);
      await world.scheduler.runFor(prng.between(0, 400));
    }
    world.network.faults = CALM_NETWORK;
    await world.createDatabase(`d${round}`);
    await world.scheduler.runFor(3_000);
    expect(world.members(), `round ${round}`).toHaveLength(3);
    for (const line of world.members()) expect(line).toMatch(/1 voter, 2 voter, 3 voter$/);
    const terms = [...world.group.running.values()].map(({ service }) => service.metaStatus().term);
    expect(new Set(terms).size, `round ${round}: terms ${terms.join()}`).toBe(1);
  }
});

test('M11: nodes that were told to found different groups refuse each other', async () => {
  const world = new MetaWorld();
  const first = world.outcomeOf(world.group.start(1));
  const second = world.outcomeOf(world.group.start(2, { voters: [2, 1] }));
  expect(await first).toMatch(/META_IDENTITY: peer 1 was told to found the meta group with the voters 1,2,3, peer 2 with 2,1: give both the same/);
  expect(await second).toMatch(/META_IDENTITY: peer 2 was told to found/);
});

test('M12, P15: a node that has lost its disk is refused under its old id, whoever it asks, and never founds a group', async () => {
  for (const alone of [undefined, 1, 3]) {
    const world = new MetaWorld();
    await world.startAll();
    await world.createDatabase('d');
    world.kill(2);
    world.group.disks.set(2, new SimDisk(world.scheduler, 'meta2'));
    if (alone !== undefined) for (const peer of [1, 3]) if (peer !== alone) world.kill(peer);
    expect(await world.outcomeOf(world.group.start(2))).toMatch(/META_IDENTITY: peer 2 is known with another disk/);
    if (alone === undefined) await world.createDatabase('e');
  }
});

test('M12: with nobody else there, a node that has lost its disk waits', async () => {
  const world = new MetaWorld();
  await world.startAll();
  for (const peer of [1, 2, 3]) world.kill(peer);
  world.group.disks.set(1, new SimDisk(world.scheduler, 'meta1'));
  expect(await world.outcomeOf(world.group.start(1), 30_000)).toBe('waits');
});

test('M12, P16: a data directory that was put back to an earlier state is refused; the others are unharmed', async () => {
  for (const startCount of [1, 2]) {
    const world = new MetaWorld();
    await world.startAll();
    await world.createDatabase('before');
    world.kill(2);
    const backup = world.group.disks.get(2)!.copy(world.scheduler);
    for (let start = 0; start < startCount; start += 1) {
      expect(await world.outcomeOf(world.group.start(2))).toBe('takes part');
      await world.createDatabase(`after${start}`);
      await world.scheduler.runFor(500);
      world.kill(2);
    }
    world.group.disks.set(2, backup);
    expect(await world.outcomeOf(world.group.start(2)), `after ${startCount} starts`).toMatch(/META_IDENTITY: the data directory of peer 2 is an older state than the group knows/);
    await world.createDatabase('still');
  }
});

test('M12: of two processes on copies of one data directory, the second one is refused', async () => {
  const world = new MetaWorld();
  await world.startAll();
  await world.createDatabase('d');
  world.kill(2);
  const copy = world.group.disks.get(2)!.copy(world.scheduler);
  expect(await world.outcomeOf(world.group.start(2))).toBe('takes part');
  world.group.disks.set(2, copy);
  expect(await world.outcomeOf(world.group.start(2))).toMatch(/META_IDENTITY/);
});

test('M13: a disk of another peer or cluster is refused', async () => {
  const world = new MetaWorld();
  await world.startAll();
  await world.createDatabase('d');
  await world.scheduler.runFor(500);
  world.kill(2);
  world.kill(3);
  world.group.disks.set(3, world.group.disks.get(2)!);
  expect(await world.outcomeOf(world.group.start(3))).toMatch(/META_IDENTITY: disk meta2 belongs to meta peer 2/);
  expect(await world.outcomeOf(world.group.start(2, { clusterId: 'other' }))).toMatch(/META_IDENTITY.*cluster "sim"/);
  expect(await world.outcomeOf(world.group.start(2))).toBe('takes part');
});

test('M14, M16: a fourth node waits until it is made a member, catches up and votes; who is removed is told and never comes back', async () => {
  const world = new MetaWorld();
  await world.startAll();
  for (let number = 0; number < 25; number += 1) await world.createDatabase(`d${number}`); // beyond what the log still holds
  const fourth = world.group.start(4);
  expect(await world.outcomeOf(fourth)).toBe('waits');
  await world.scheduler.runUntilSettled(world.control().joinPeer(4));
  expect(await world.outcomeOf(fourth)).toBe('takes part');
  expect(world.members()[3]).toBe('4: 1 voter, 2 voter, 3 voter, 4 voter');
  const removed = world.leader;
  await world.scheduler.runUntilSettled(world.control((removed % 3) + 1).removePeer(removed)); // passed on to the leader
  await world.createDatabase('without it');
  await world.scheduler.runFor(5_000);
  expect(world.group.fatal.map(String).join()).toMatch(new RegExp(`peer ${removed} was removed from the meta group`));
  world.kill(removed);
  expect(await world.outcomeOf(world.group.start(removed))).toMatch(/META_IDENTITY: peer .* was removed/);
  await expect(world.scheduler.runUntilSettled(world.control().joinPeer(removed))).rejects.toMatchObject({ code: 'META_CONTROL', message: expect.stringMatching(/was a member before/) });
});

test('M14: a follower that is removed is told when it asks for votes, and ends', async () => {
  const world = new MetaWorld();
  await world.startAll();
  await world.createDatabase('d');
  const removed = (world.leader % 3) + 1;
  await world.scheduler.runUntilSettled(world.control().removePeer(removed));
  await world.scheduler.runFor(5_000);
  expect(world.group.fatal.map(String)).toEqual([expect.stringMatching(`peer ${removed} was removed from the meta group`)]);
  await world.scheduler.runUntilSettled(world.control().removePeer(removed)); // asked again, it is so already
  await world.createDatabase('e');
});

test('M11: two voters found a group, and what is left of it after a removal goes on alone', async () => {
  const world = new MetaWorld({ peerCount: 2 });
  await world.startAll();
  await world.createDatabase('d');
  const { leader } = world;
  const other = 3 - leader;
  await world.scheduler.runUntilSettled(world.control().removePeer(leader));
  await world.scheduler.runFor(2_000);
  world.kill(leader);
  await world.createDatabase('e');
  expect(world.control(other).metaStatus()).toMatchObject({ role: 'leader', members: [{ id: other, role: 'voter' }] });
  world.kill(other);
  expect(await world.outcomeOf(world.group.start(other))).toBe('takes part');
  await world.createDatabase('f');
});

test('M11: blank disks under the first configuration found no second group while the one that has replaced them calls', async () => {
  const world = new MetaWorld({ peerCount: 1 });
  await world.startAll();
  await world.createDatabase('d');
  const second = world.group.start(2);
  await world.scheduler.runUntilSettled(world.control().joinPeer(2));
  expect(await world.outcomeOf(second)).toBe('takes part');
  await world.scheduler.runUntilSettled(world.control().removePeer(1));
  await world.scheduler.runFor(2_000);
  world.kill(1);
  world.kill(2);
  world.group.disks.set(1, new SimDisk(world.scheduler, 'meta1'));
  void world.group.start(2, { voters: [1, 2] });
  expect(await world.outcomeOf(world.group.start(1, { voters: [1, 2] }))).toMatch(/META_IDENTITY|waits/);
  await world.createDatabase('e');
});

test('M16: a change that would leave no quorum is refused, and a transfer to a node that cannot lead as well', async () => {
  const world = new MetaWorld();
  await world.startAll();
  await world.createDatabase('d');
  const { leader } = world;
  const [silent, other] = [1, 2, 3].filter((peer) => peer !== leader) as [number, number];
  world.kill(silent);
  await world.scheduler.runFor(3_000);
  await expect(world.scheduler.runUntilSettled(world.control().removePeer(other))).rejects.toMatchObject({ code: 'META_CONTROL', message: expect.stringMatching(/does not answer/) });
  await expect(world.scheduler.runUntilSettled(world.control().transferLeadership(9))).rejects.toMatchObject({ code: 'META_CONTROL' });
  await expect(world.scheduler.runUntilSettled(world.control().removePeer(9))).rejects.toMatchObject({ code: 'META_CONTROL' });
  await world.scheduler.runUntilSettled(world.control().removePeer(silent));
  expect(await world.scheduler.runUntilSettled(world.control().transferLeadership(0))).toBe(other);
  await world.createDatabase('e');
});

test('P13: a leader whose disk is full asks another node to lead at once, and ends', async () => {
  const world = new MetaWorld();
  await world.startAll();
  await world.createDatabase('d');
  const { leader } = world;
  world.group.disks.get(leader)!.condition = 'full';
  const created = world.createDatabase('e');
  await world.scheduler.runFor(300); // less than an election timeout: nobody had to find out
  expect(world.group.fatal.map(String).join()).toMatch(/is full/);
  world.kill(leader);
  expect(world.leader).not.toBe(leader);
  await created;
});
