import { DbError } from '@varve/base';
import { openStream, serveStream } from '@varve/kit';
import { SILENT_LOG, type Bus, type Clock } from '@varve/ports';
import { expect, test } from 'vitest';
import { SimClock } from './sim-clock.ts';
import { CALM_NETWORK, SimNetwork, type NetworkFaults } from './sim-network.ts';
import { SimProcess } from './sim-process.ts';
import { SimScheduler } from './sim-scheduler.ts';

// Methodology: a producer and a consumer in processes of their own over a simulated network; what is taken, and how far
// the producer has run ahead, is compared with what the sentences K2 and K3 of the kit promise.
const SUBJECT = 'numbers';
const IDLE_TIMEOUT_MS = 1_000;

class World {
  readonly scheduler: SimScheduler;
  readonly network: SimNetwork;
  producedCount = 0;
  isProducerDone = false;

  constructor(seed: number, faults: NetworkFaults = CALM_NETWORK) {
    this.scheduler = new SimScheduler({ seed });
    this.network = new SimNetwork(this.scheduler, faults);
  }

  ends(name: string): { readonly bus: Bus; readonly clock: Clock } {
    const process = new SimProcess(this.scheduler, name);
    return { bus: this.network.connect(process), clock: new SimClock(process) };
  }

  serveNumbers(itemCount: number, failsAt = -1): void {
    const ports = { ...this.ends('producer'), log: SILENT_LOG };
    const at = { subject: SUBJECT, askedKind: 'dataSeries', idleTimeoutMs: IDLE_TIMEOUT_MS } as const;
    serveStream(ports, at, () => this.#numbers(itemCount, failsAt));
  }

  async take(count = Infinity): Promise<number[]> {
    const taken: number[] = [];
    const to = { subject: SUBJECT, idleTimeoutMs: IDLE_TIMEOUT_MS };
    const asked = { kind: 'dataSeries', header: { shards: [], version: 0 }, payload: new Uint8Array(0) } as const;
    for await (const [number] of openStream(this.ends('consumer'), to, asked)) {
      taken.push(number!);
      if (taken.length >= count) break;
    }
    return taken;
  }

  async *#numbers(itemCount: number, failsAt: number): AsyncGenerator<Uint8Array> {
    try {
      for (let number = 0; number < itemCount; number += 1) {
        if (number === failsAt) throw new DbError('CHUNK_INVALID', 'a broken chunk');
        this.producedCount += 1;
        yield new Uint8Array([number]);
      }
    } finally {
      this.isProducerDone = true;
    }
  }
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, number) => number);

test.each([0, 1, 2, 5, 100])('a stream of %i items comes whole and in order', async (itemCount) => {
  const world = new World(itemCount);
  world.serveNumbers(itemCount);
  expect(await world.scheduler.runUntilSettled(world.take())).toEqual(upTo(itemCount));
});

test('K3: a consumer that leaves stops its producer soon after', async () => {
  const world = new World(1);
  world.serveNumbers(200);
  expect(await world.scheduler.runUntilSettled(world.take(3))).toEqual(upTo(3));
  await world.scheduler.runFor(IDLE_TIMEOUT_MS);
  expect(world.isProducerDone).toBe(true);
  expect(world.producedCount).toBeLessThan(15);
});

test('K2: an error in the middle reaches the consumer as itself', async () => {
  const world = new World(1);
  world.serveNumbers(10, 5);
  await expect(world.scheduler.runUntilSettled(world.take())).rejects.toMatchObject({ code: 'CHUNK_INVALID' });
});

test('an error before the first item is the answer', async () => {
  const world = new World(1);
  world.serveNumbers(10, 0);
  await expect(world.scheduler.runUntilSettled(world.take())).rejects.toMatchObject({ code: 'CHUNK_INVALID' });
});

test('nobody to ask is told at once', async () => {
  const world = new World(1);
  await expect(world.scheduler.runUntilSettled(world.take())).rejects.toMatchObject({ code: 'BUS_NO_RESPONDERS' });
});

test('K2: when messages are lost the answer is whole or an error, never short, and the producer gives up too', async () => {
  let wholeCount = 0;
  let failedCount = 0;
  for (let seed = 0; seed < 100; seed += 1) {
    const world = new World(seed, { ...CALM_NETWORK, lossProbability: 0.02 });
    world.serveNumbers(20);
    const taken = world.scheduler.runUntilSettled(world.take());
    await taken.then(
      (numbers) => {
        expect(numbers, `seed ${seed}`).toEqual(upTo(20));
        wholeCount += 1;
      },
      (error: unknown) => {
        expect(error, `seed ${seed}`).toBeInstanceOf(DbError);
        failedCount += 1;
      },
    );
    await world.scheduler.runFor(3 * IDLE_TIMEOUT_MS);
    if (world.producedCount > 0) expect(world.isProducerDone, `seed ${seed}`).toBe(true);
  }
  expect(Math.min(wholeCount, failedCount), 'both cases were met').toBeGreaterThan(0);
});
