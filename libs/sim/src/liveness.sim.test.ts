import { claimName, Heartbeat, LivenessView } from '@varve/kit';
import { SILENT_LOG, type Clock } from '@varve/ports';
import { encode, subjectsOf } from '@varve/wire';
import { expect, test } from 'vitest';
import type { SimBus } from './sim-bus.ts';
import { SimClock } from './sim-clock.ts';
import { SimNetwork } from './sim-network.ts';
import { SimProcess } from './sim-process.ts';
import { SimScheduler } from './sim-scheduler.ts';

// Methodology: processes with a bus each; one beats, one watches, and the beating one is paused, killed and run again.
const SUBJECTS = subjectsOf('sim');

class World {
  readonly scheduler = new SimScheduler({ seed: 1 });
  readonly network = new SimNetwork(this.scheduler);
  readonly returned: number[] = [];
  readonly view: LivenessView;
  /** Of the one that watches. */
  readonly bus: SimBus;

  constructor() {
    const ports = this.ports(new SimProcess(this.scheduler, 'watcher'));
    this.bus = ports.bus;
    this.view = new LivenessView({ ...ports, log: SILENT_LOG }, SUBJECTS);
    this.view.onReturn((node) => this.returned.push(node));
    this.view.start();
  }

  ports(process: SimProcess): { readonly bus: SimBus; readonly clock: Clock } {
    return { bus: this.network.connect(process), clock: new SimClock(process) };
  }

  beating(boot: string, isJoining = (): boolean => false): SimProcess {
    const process = new SimProcess(this.scheduler, `node ${boot}`);
    const node = { id: 7, role: 'data', boot } as const;
    new Heartbeat(this.ports(process), SUBJECTS, node, () => ({ isJoining: isJoining(), version: 3 })).start();
    return process;
  }

  claim(boot: string, name = 'one'): Promise<unknown> {
    const process = new SimProcess(this.scheduler, `process ${boot}`);
    const claimed = claimName({ ...this.ports(process), log: SILENT_LOG }, SUBJECTS, { service: 'data', name, boot });
    return claimed.then(
      () => 'claimed',
      (error: unknown) => (error as { code: string }).code,
    );
  }
}

test('K5: a node is alive while it beats, silent soon after it died, and its return is told', async () => {
  const world = new World();
  const process = world.beating('a');
  await world.scheduler.runFor(5_000);
  expect([world.view.isAlive(7), world.view.isServing(7), world.view.alive('data')]).toEqual([true, true, [7]]);
  process.kill();
  await world.scheduler.runFor(2_000);
  expect([world.view.isAlive(7), world.view.isServing(7), world.view.alive('data')]).toEqual([false, false, []]);
  world.beating('b');
  await world.scheduler.runFor(500);
  expect([world.view.isAlive(7), world.view.bootOf(7), world.returned]).toEqual([true, 'b', [7, 7]]);
});

test('K5: a restart that was too quick to be a silence is told too', async () => {
  const world = new World();
  const process = world.beating('a');
  await world.scheduler.runFor(1_000);
  process.kill();
  world.beating('b');
  await world.scheduler.runFor(1_000);
  expect(world.returned).toEqual([7, 7]);
});

test('K5: nobody is taken for dead before it had time to say that it lives', async () => {
  const world = new World();
  expect(world.view.isAlive(7)).toBe(true);
  await world.scheduler.runFor(2_000);
  expect(world.view.isAlive(7)).toBe(false);
});

test('K5: who is cut off itself takes nobody for dead, and hears anew of those who live', async () => {
  const world = new World();
  const process = world.beating('a');
  await world.scheduler.runFor(1_000);
  world.bus.cutOff();
  await world.scheduler.runFor(10_000);
  expect(world.view.isAlive(7)).toBe(true);
  world.bus.reconnect();
  await world.scheduler.runFor(1_000);
  expect([world.view.isAlive(7), world.returned]).toEqual([true, [7, 7]]);

  world.bus.cutOff();
  process.kill();
  await world.scheduler.runFor(1_000);
  world.bus.reconnect();
  expect(world.view.isAlive(7), 'it gets the time to say that it lives').toBe(true);
  await world.scheduler.runFor(2_000);
  expect(world.view.isAlive(7)).toBe(false);
});

test('K5: a joining node is alive and not serving', async () => {
  const world = new World();
  let isJoining = true;
  world.beating('a', () => isJoining);
  await world.scheduler.runFor(1_000);
  expect([world.view.isAlive(7), world.view.isServing(7)]).toEqual([true, false]);
  isJoining = false;
  await world.scheduler.runFor(1_000);
  expect(world.view.isServing(7)).toBe(true);
});

test('an unreadable heartbeat or claim changes nothing', async () => {
  const world = new World();
  const { bus } = world.ports(new SimProcess(world.scheduler, 'stranger'));
  await world.scheduler.runUntilSettled(world.claim('a'));
  bus.publish(SUBJECTS.heartbeat, new Uint8Array([1, 2, 3]));
  bus.publish(SUBJECTS.heartbeat, encode('metaChanged', { version: 1, index: 1 }));
  bus.publish(SUBJECTS.nodeClaim('data', 'one'), new Uint8Array([9]), bus.newInbox());
  await world.scheduler.runFor(2_000);
  expect(world.returned).toEqual([]);
  expect(await world.scheduler.runUntilSettled(world.claim('b'))).toBe('NODE_NAME_TAKEN');
});

test('K6: of two processes under one name at most one stays', async () => {
  const together = new World();
  const outcomes = await together.scheduler.runUntilSettled(Promise.all([together.claim('a'), together.claim('b')]));
  expect(outcomes.filter((outcome) => outcome === 'claimed').length).toBeLessThanOrEqual(1);

  const world = new World();
  expect(await world.scheduler.runUntilSettled(world.claim('a'))).toBe('claimed');
  expect(await world.scheduler.runUntilSettled(world.claim('b'))).toBe('NODE_NAME_TAKEN');
  expect(await world.scheduler.runUntilSettled(world.claim('c', 'two.* >'))).toBe('claimed'); // any name is one token
});
