import { expect, test } from 'vitest';
import type { Bus } from '@varve/ports';
import { CALM_NETWORK, SimNetwork, type NetworkFaults } from './sim-network.ts';
import { SimProcess } from './sim-process.ts';
import { SimScheduler } from './sim-scheduler.ts';

const COUNT = 500;

interface World {
  readonly scheduler: SimScheduler;
  readonly network: SimNetwork;
  readonly left: Bus;
  readonly right: Bus;
  readonly rightProcess: SimProcess;
  /** Numbers that arrived at the right, on subject `numbers`. */
  readonly arrived: number[];
}

const open = async (seed: number, faults: Partial<NetworkFaults> = {}): Promise<World> => {
  const scheduler = new SimScheduler({ seed });
  const network = new SimNetwork(scheduler, { ...CALM_NETWORK, ...faults });
  const rightProcess = new SimProcess(scheduler, 'right');
  const [left, right] = [network.connect(new SimProcess(scheduler, 'left')), network.connect(rightProcess)];
  const arrived: number[] = [];
  right.subscribe('numbers', ({ payload }) => arrived.push(new DataView(payload.buffer).getUint32(0)));
  await scheduler.runUntilSettled(right.subscribed());
  return { scheduler, network, left, right, rightProcess, arrived };
};
const numbered = (number: number): Uint8Array => {
  const payload = new Uint8Array(4);
  new DataView(payload.buffer).setUint32(0, number);
  return payload;
};
const sendAll = async ({ scheduler, left }: World, count = COUNT): Promise<void> => {
  for (let number = 0; number < count; number += 1) {
    left.publish('numbers', numbered(number));
    await scheduler.runFor(0.1);
  }
  await scheduler.runFor(1_000);
};

test('a lossy network loses about as much as it is told to', async () => {
  const world = await open(1, { lossProbability: 0.2 });
  await sendAll(world);
  expect(world.arrived.length).toBeGreaterThan(COUNT * 0.7);
  expect(world.arrived.length).toBeLessThan(COUNT * 0.9);
});

test('a repeating network delivers some messages twice, later', async () => {
  const world = await open(1, { duplicateProbability: 0.1 });
  await sendAll(world);
  expect(new Set(world.arrived).size).toBe(COUNT);
  expect(world.arrived.length).toBeGreaterThan(COUNT * 1.03);
  expect(world.arrived.length).toBeLessThan(COUNT * 1.2);
});

test('a slow network keeps the order of one sender and subject, a reordering one does not', async () => {
  const ascending = Array.from({ length: COUNT }, (_, number) => number);
  const slow = await open(1, { delayMsMax: 50 });
  await sendAll(slow);
  expect(slow.arrived).toEqual(ascending);

  const reordering = await open(1, { delayMsMax: 50, reorderProbability: 0.1 });
  await sendAll(reordering);
  expect(reordering.arrived).not.toEqual(ascending);
  expect(reordering.arrived.toSorted((left, right) => left - right)).toEqual(ascending);
});

test('K4: nothing crosses a partition, also not what was under way; after healing everything does', async () => {
  const world = await open(1);
  world.right.subscribe('ask', ({ payload, replyTo }) => world.right.publish(replyTo!, payload));
  await world.scheduler.runUntilSettled(world.right.subscribed());
  world.left.publish('numbers', numbered(1));
  world.network.partition(['left'], ['right']);
  const timedOut = expect(world.scheduler.runUntilSettled(world.left.request('ask', numbered(0), 100)));
  await timedOut.rejects.toMatchObject({ code: 'BUS_TIMEOUT' });
  expect(world.arrived).toEqual([]);
  world.network.heal();
  world.left.publish('numbers', numbered(2));
  await world.scheduler.runUntilSettled(world.left.request('ask', numbered(0), 100));
  await world.scheduler.runFor(10);
  expect(world.arrived).toEqual([2]);
});

test('a one-way block lets questions through and no answers', async () => {
  const world = await open(1);
  const asked: number[] = [];
  world.right.subscribe('ask', ({ payload, replyTo }) => {
    asked.push(payload.length);
    world.right.publish(replyTo!, payload);
  });
  await world.scheduler.runUntilSettled(world.right.subscribed());
  world.network.block(['right'], ['left']);
  const request = world.scheduler.runUntilSettled(world.left.request('ask', numbered(0), 100));
  await expect(request).rejects.toMatchObject({ code: 'BUS_TIMEOUT' });
  expect(asked).toEqual([4]);
});

test('a killed process hears nothing, and nobody listens where it did', async () => {
  const world = await open(1);
  world.left.publish('numbers', numbered(1));
  world.rightProcess.kill();
  const request = world.scheduler.runUntilSettled(world.left.request('numbers', numbered(2), 100));
  await expect(request).rejects.toMatchObject({ code: 'BUS_NO_RESPONDERS' });
  await world.scheduler.runFor(10);
  expect(world.arrived).toEqual([]);
});

test('a payload that is changed after it was sent is noticed', async () => {
  const world = await open(1);
  const payload = numbered(1);
  world.left.publish('numbers', payload);
  payload[0] = 1;
  await expect(world.scheduler.runFor(10)).rejects.toThrow('was changed after it was sent');
});

test('K1: the same seed loses, repeats and delays the same messages', async () => {
  const run = async (seed: number): Promise<string> => {
    const world = await open(seed, {
      delayMsMax: 20,
      lossProbability: 0.1,
      duplicateProbability: 0.1,
      reorderProbability: 0.1,
    });
    await sendAll(world, 100);
    return `${world.scheduler.traceHash} ${world.arrived.join()}`;
  };
  expect(await run(1)).toBe(await run(1));
  expect(await run(1)).not.toBe(await run(2));
});
