import { DbError } from '@varve/base';
import { BYTES, NO_PAYLOAD, openStream, serveStream } from '@varve/kit';
import { SILENT_LOG, type Bus, type Clock } from '@varve/ports';
import { decode } from '@varve/wire';
import { expect, test } from 'vitest';
import { busWith } from './bus-with.ts';
import { SimClock } from './sim-clock.ts';
import { CALM_NETWORK, SimNetwork, type NetworkFaults } from './sim-network.ts';
import { SimProcess } from './sim-process.ts';
import { SimScheduler } from './sim-scheduler.ts';

// Methodology: a producer and a consumer in processes of their own over a simulated network; what is taken, and how far
// the producer has run ahead, is compared with what the sentences K2 and K3 of the kit promise.
const SUBJECT = 'numbers';
const IDLE_TIMEOUT_MS = 1_000;
/** A producer that computes looks up so often. */
const STEP_MS = 50;

function pause(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((settle) => clock.after(delayMs, settle));
}

class World {
  readonly scheduler: SimScheduler;
  readonly network: SimNetwork;
  producedCount = 0;
  /** What the consumer was told at the end. */
  readonly trailers: string[] = [];
  isProducerDone = false;
  /** Between two items, and before the first. */
  computingMs = 0;
  /** What is lost of what the two publish. */
  isLost: (kind: 'streamItem' | 'streamCredit', payload: Uint8Array) => boolean = () => false;
  #producer: SimProcess | undefined;
  #consumer: SimProcess | undefined;

  constructor(seed: number, faults: NetworkFaults = CALM_NETWORK) {
    this.scheduler = new SimScheduler({ seed });
    this.network = new SimNetwork(this.scheduler, faults);
  }

  killProducer(): void {
    this.#producer!.kill();
  }

  killConsumer(): void {
    this.#consumer!.kill();
  }

  ends(process: SimProcess): { readonly bus: Bus; readonly clock: Clock } {
    const bus = this.network.connect(process);
    const publish: Bus['publish'] = (subject, payload, replyTo) => {
      const kind = subject.endsWith('.credit') ? 'streamCredit' : 'streamItem';
      if (!this.isLost(kind, payload)) bus.publish(subject, payload, replyTo);
    };
    return { bus: busWith(bus, { publish }), clock: new SimClock(process) };
  }

  async serveNumbers(itemCount: number, failsAt = -1): Promise<void> {
    this.#producer = new SimProcess(this.scheduler, 'producer');
    const ports = { ...this.ends(this.#producer), log: SILENT_LOG };
    const at = { subject: SUBJECT, askedKind: 'dataSeries', codec: BYTES, idleTimeoutMs: IDLE_TIMEOUT_MS } as const;
    const { clock } = ports;
    const numbers = (signal: AbortSignal): AsyncGenerator<Uint8Array> => this.#numbers(clock, { itemCount, failsAt }, signal);
    const all = (): string => `${this.producedCount} in all`;
    serveStream(ports, at, async function* produce(_, signal, end) {
      yield* numbers(signal);
      end.trailer = all();
    });
    await this.scheduler.runUntilSettled(ports.bus.subscribed());
  }

  async take(count = Infinity, { pauseMs = 0, signal }: { readonly pauseMs?: number; readonly signal?: AbortSignal } = {}): Promise<number[]> {
    const taken: number[] = [];
    const to = { subject: SUBJECT, idleTimeoutMs: IDLE_TIMEOUT_MS, signal, onTrailer: (trailer: string) => void this.trailers.push(trailer) };
    this.#consumer = new SimProcess(this.scheduler, 'consumer');
    const ports = this.ends(this.#consumer);
    const asked = { kind: 'dataSeries', header: { shards: [], version: 0, mayJoin: false }, payload: NO_PAYLOAD } as const;
    for await (const [number] of openStream(ports, to, asked)) {
      taken.push(number!);
      if (pauseMs > 0) await pause(ports.clock, pauseMs);
      if (taken.length >= count) break;
    }
    return taken;
  }

  async *#numbers(
    clock: Clock,
    { itemCount, failsAt }: { readonly itemCount: number; readonly failsAt: number },
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array> {
    try {
      for (let number = 0; number < itemCount; number += 1) {
        for (let leftMs = this.computingMs; leftMs > 0 && !signal.aborted; leftMs -= STEP_MS) await pause(clock, STEP_MS);
        if (signal.aborted) return;
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
  await world.serveNumbers(itemCount);
  expect(await world.scheduler.runUntilSettled(world.take())).toEqual(upTo(itemCount));
});

test.each([0, 1, 5])('what a producer says at its end of %i items comes with the last one', async (itemCount) => {
  const world = new World(itemCount);
  await world.serveNumbers(itemCount);
  await world.scheduler.runUntilSettled(world.take());
  expect(world.trailers).toEqual([`${itemCount} in all`]);
});

test('a consumer that leaves early, or whose producer fails, is told nothing', async () => {
  const [leaving, failing] = [new World(1), new World(2)];
  await leaving.serveNumbers(200);
  await leaving.scheduler.runUntilSettled(leaving.take(3));
  await failing.serveNumbers(10, 5);
  await expect(failing.scheduler.runUntilSettled(failing.take())).rejects.toBeInstanceOf(DbError);
  expect([leaving.trailers, failing.trailers]).toEqual([[], []]);
});

test('K3: a signal that aborts while the consumer rests at an item stops the producer at once', async () => {
  const world = new World(1);
  await world.serveNumbers(200);
  const abort = new AbortController();
  const refused = expect(world.take(Infinity, { pauseMs: 600_000, signal: abort.signal })).rejects.toMatchObject({ code: 'QUERY_INTERRUPTED' });
  await world.scheduler.runFor(100);
  expect(world.isProducerDone).toBe(false);
  abort.abort();
  await world.scheduler.runFor(IDLE_TIMEOUT_MS);
  expect(world.isProducerDone).toBe(true);
  await world.scheduler.runFor(600_000);
  await refused;
});

test('K3: a consumer that leaves stops its producer soon after', async () => {
  const world = new World(1);
  await world.serveNumbers(200);
  expect(await world.scheduler.runUntilSettled(world.take(3))).toEqual(upTo(3));
  await world.scheduler.runFor(IDLE_TIMEOUT_MS);
  expect(world.isProducerDone).toBe(true);
  expect(world.producedCount).toBeLessThan(15);
});

test('K2: an error in the middle reaches the consumer as itself', async () => {
  const world = new World(1);
  await world.serveNumbers(10, 5);
  await expect(world.scheduler.runUntilSettled(world.take())).rejects.toMatchObject({ code: 'CHUNK_INVALID' });
});

test('an error before the first item is the answer', async () => {
  const world = new World(1);
  await world.serveNumbers(10, 0);
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
    await world.serveNumbers(20);
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

test('K2: lost items behind which nothing comes, as all credits are used, are an error and no endless wait', async () => {
  const world = new World(1);
  world.isLost = (kind, payload) => {
    if (kind === 'streamCredit') return false;
    const item = decode(payload, 'streamItem');
    return item.header.itemIndex >= 3 && item.payload.length > 0;
  };
  await world.serveNumbers(20);
  await expect(world.scheduler.runUntilSettled(world.take())).rejects.toMatchObject({ code: 'BUS_TIMEOUT', message: 'of 9 stream items 3 came' });
  await world.scheduler.runFor(IDLE_TIMEOUT_MS);
  expect(world.isProducerDone).toBe(true);
});

test('lost credits change nothing: the next beat makes them good', async () => {
  const world = new World(1);
  let creditIndex = 0;
  world.isLost = (kind) => kind === 'streamCredit' && (creditIndex += 1) <= 3;
  await world.serveNumbers(40);
  expect(await world.scheduler.runUntilSettled(world.take())).toEqual(upTo(40));
});

test('a reader that pauses for long gets everything: silence, not slowness, means gone', async () => {
  const world = new World(1);
  await world.serveNumbers(12);
  expect(await world.scheduler.runUntilSettled(world.take(Infinity, { pauseMs: 60 * IDLE_TIMEOUT_MS }))).toEqual(upTo(12));
});

test('a producer that computes for long is waited for, before its first item and between two', async () => {
  const world = new World(1);
  world.computingMs = 60 * IDLE_TIMEOUT_MS;
  await world.serveNumbers(3);
  expect(await world.scheduler.runUntilSettled(world.take())).toEqual(upTo(3));
});

test('a producer that dies is noticed, before its first item and between two', async () => {
  for (const aliveMs of [100, 5 * IDLE_TIMEOUT_MS]) {
    const world = new World(1);
    world.computingMs = 2 * IDLE_TIMEOUT_MS;
    await world.serveNumbers(100);
    const taken = world.take();
    const refused = expect(taken).rejects.toMatchObject({ code: 'BUS_TIMEOUT' });
    await world.scheduler.runFor(aliveMs);
    world.killProducer();
    await world.scheduler.runFor(2 * IDLE_TIMEOUT_MS);
    await refused;
  }
});

test('a consumer that dies is noticed, while its producer computes and while it waits for credit', async () => {
  for (const computingMs of [10 * IDLE_TIMEOUT_MS, 0]) {
    const world = new World(1);
    world.computingMs = computingMs;
    await world.serveNumbers(100);
    void world.take(Infinity, { pauseMs: 10 * IDLE_TIMEOUT_MS });
    await world.scheduler.runFor(IDLE_TIMEOUT_MS);
    expect(world.isProducerDone).toBe(false);
    world.killConsumer();
    await world.scheduler.runFor(2 * IDLE_TIMEOUT_MS);
    expect(world.isProducerDone, `computing ${computingMs} ms`).toBe(true);
  }
});

test('K3: a signal ends the wait at once, and its producer soon after, also before the first item', async () => {
  for (const waitMs of [0, 100, 5 * IDLE_TIMEOUT_MS]) {
    const world = new World(1);
    world.computingMs = 2 * IDLE_TIMEOUT_MS;
    await world.serveNumbers(100);
    const abort = new AbortController();
    const refused = expect(world.take(Infinity, { signal: abort.signal })).rejects.toMatchObject({ code: 'QUERY_INTERRUPTED' });
    await world.scheduler.runFor(waitMs);
    abort.abort();
    await refused;
    await world.scheduler.runFor(2 * IDLE_TIMEOUT_MS);
    if (world.producedCount > 0 || waitMs > 0) expect(world.isProducerDone, `after ${waitMs} ms`).toBe(true);
  }
});

test('a signal that has aborted before asks nobody for long', async () => {
  const world = new World(1);
  await world.serveNumbers(5);
  const taken = world.scheduler.runUntilSettled(world.take(Infinity, { signal: AbortSignal.abort() }));
  await expect(taken).rejects.toMatchObject({ code: 'QUERY_INTERRUPTED' });
});
