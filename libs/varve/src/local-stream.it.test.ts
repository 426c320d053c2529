import { execFileSync } from 'node:child_process';
import { setImmediate as nextRound } from 'node:timers/promises';
import { DbError } from '@varve/base';
import { openInprocBus } from '@varve/inproc-adapter';
import { BYTES, NO_PAYLOAD, openStream, Payload, serveStream, type Asked } from '@varve/kit';
import { SILENT_LOG } from '@varve/ports';
import { systemClock } from '@varve/system-adapter';
import { expect, test } from 'vitest';

// Methodology: a producer and a consumer on the bus of one process. What is taken, and what has become of the producer, is compared
// with what the sentences of the kit promise; `libs/sim/src/stream.sim.test.ts` asks the same over a wire.
const SUBJECT = 'numbers';

type Step = number | 'fail' | 'empty' | Promise<void>;

class World {
  readonly bus = openInprocBus();
  readonly asked: Asked<'dataSeries', unknown>[] = [];
  readonly trailers: string[] = [];
  readonly taken: number[] = [];
  producedCount = 0;
  isProducerDone = false;

  /** Yields numbers, fails, yields nothing in an item, or waits. */
  serve(steps: readonly Step[], codec = BYTES): void {
    const made = (signal: AbortSignal): AsyncGenerator<Uint8Array> => this.#made(steps, signal);
    const onAsked = (asked: Asked<'dataSeries', unknown>): void => void this.asked.push(asked);
    const all = (): string => `${this.producedCount} in all`;
    serveStream({ bus: this.bus, clock: systemClock, log: SILENT_LOG }, { subject: SUBJECT, askedKind: 'dataSeries', codec, idleTimeoutMs: 10 }, async function* produce(asked, signal, end) {
      onAsked(asked);
      yield* made(signal);
      end.trailer = all();
    });
  }

  async take(count = Infinity, { signal, rest = async () => undefined, payload = NO_PAYLOAD }: { readonly signal?: AbortSignal; readonly rest?: () => Promise<void>; readonly payload?: Payload<Uint8Array> } = {}): Promise<readonly number[]> {
    const to = { subject: SUBJECT, idleTimeoutMs: 10, signal, onTrailer: (trailer: string) => void this.trailers.push(trailer) };
    for await (const [number] of openStream({ bus: this.bus, clock: systemClock }, to, { kind: 'dataSeries', header: HEADER, payload })) {
      this.taken.push(number!);
      await rest();
      if (this.taken.length >= count) break;
    }
    return this.taken;
  }

  async *#made(steps: readonly Step[], signal: AbortSignal): AsyncGenerator<Uint8Array> {
    try {
      for (const step of steps) {
        if (step === 'fail') throw new DbError('CHUNK_INVALID', 'a broken chunk', { chunkId: 7 });
        if (typeof step === 'object') await step;
        if (signal.aborted) throw new DbError('QUERY_INTERRUPTED', 'noticed');
        if (typeof step === 'object') continue;
        this.producedCount += 1;
        yield step === 'empty' ? new Uint8Array(0) : Uint8Array.of(step as number);
      }
    } finally {
      this.isProducerDone = true;
    }
  }
}

const HEADER = { shards: [3], version: 5, mayJoin: false } as const;
const upTo = (count: number): number[] => Array.from({ length: count }, (_, number) => number);
const never = (): Promise<void> => new Promise(() => undefined);

test.each([0, 1, 2, 100])('K2: a stream of %i items comes whole and in order, and what the producer says at its end', async (count) => {
  const world = new World();
  world.serve(upTo(count));
  expect(await world.take()).toEqual(upTo(count));
  expect(world.trailers).toEqual([`${count} in all`]);
});

test('K8: the question is handed over as it is, and encoded for nobody', async () => {
  const world = new World();
  const codec = { encode: () => expect.unreachable('encoded'), decode: () => expect.unreachable('decoded') };
  world.serve([1], codec);
  const payload = new Payload(codec, new Uint8Array(2));
  await world.take(Infinity, { payload });
  expect(world.asked[0]!.header).toBe(HEADER);
  expect(world.asked[0]!.payload).toBe(payload.value);
});

test('K3: nothing is made before it is pulled, and a consumer that leaves ends its producer', async () => {
  const world = new World();
  world.serve(upTo(200));
  const counts: number[] = [];
  expect(await world.take(3, { rest: async () => void counts.push(world.producedCount) })).toEqual(upTo(3));
  expect(counts).toEqual([1, 2, 3]);
  expect([world.producedCount, world.isProducerDone, world.trailers]).toEqual([3, true, []]);
});

test('K2: an error reaches the consumer as itself, at the beginning and in the middle', async () => {
  for (const count of [0, 5]) {
    const world = new World();
    world.serve([...upTo(count), 'fail', 1]);
    await expect(world.take()).rejects.toMatchObject({ code: 'CHUNK_INVALID', message: 'a broken chunk' });
    expect([world.taken, world.trailers]).toEqual([upTo(count), []]);
  }
});

test('nobody to ask is told at once, and so is a closed bus', async () => {
  const world = new World();
  await expect(world.take()).rejects.toMatchObject({ code: 'BUS_NO_RESPONDERS' });
  world.serve([1]);
  await world.bus.close();
  await expect(world.take()).rejects.toMatchObject({ code: 'BUS_CLOSED' });
});

test('K3: a signal ends the wait at once, also for a producer that does not look', async () => {
  for (const steps of [[never()], [0, 1, never()]]) {
    const world = new World();
    world.serve(steps);
    const abort = new AbortController();
    const refused = expect(world.take(Infinity, { signal: abort.signal })).rejects.toMatchObject({ code: 'QUERY_INTERRUPTED' });
    await nextRound();
    expect(world.taken).toEqual(upTo(steps.length - 1));
    abort.abort();
    await refused;
  }
});

test('K3: a producer that is still at work when the signal comes sees it, and what it says then goes nowhere', async () => {
  const world = new World();
  let goOn: () => void = () => undefined;
  world.serve([0, new Promise<void>((settle) => (goOn = settle)), 1]);
  const abort = new AbortController();
  const refused = expect(world.take(Infinity, { signal: abort.signal })).rejects.toMatchObject({ code: 'QUERY_INTERRUPTED', message: 'query interrupted' });
  await nextRound();
  abort.abort();
  await refused;
  expect(world.isProducerDone).toBe(false);
  goOn();
  await nextRound();
  expect([world.isProducerDone, world.producedCount]).toEqual([true, 1]);
});

test('K3: a signal that aborts while the consumer rests at an item ends the producer at once', async () => {
  const world = new World();
  world.serve(upTo(200));
  const abort = new AbortController();
  let goOn: () => void = () => undefined;
  const refused = expect(world.take(Infinity, { signal: abort.signal, rest: () => new Promise((settle) => (goOn = settle)) })).rejects.toMatchObject({ code: 'QUERY_INTERRUPTED' });
  await nextRound();
  expect(world.isProducerDone).toBe(false);
  abort.abort();
  await nextRound();
  expect(world.isProducerDone).toBe(true);
  goOn();
  await refused;
  expect(world.taken).toEqual([0]);
});

test('what a producer fails with while a signal ends it goes nowhere', async () => {
  const world = new World();
  const abort = new AbortController();
  let isEnded = false;
  serveStream({ bus: world.bus, clock: systemClock, log: SILENT_LOG }, { subject: SUBJECT, askedKind: 'dataSeries', codec: BYTES, idleTimeoutMs: 10 }, async function* produce() {
    try {
      yield Uint8Array.of(1);
    } finally {
      isEnded = true;
      throw new DbError('CHUNK_INVALID', 'met while letting go');
    }
  });
  const taking = world.take(Infinity, { signal: abort.signal, rest: async () => abort.abort() });
  await expect(taking).rejects.toMatchObject({ code: 'QUERY_INTERRUPTED' });
  await nextRound();
  expect(isEnded).toBe(true); // A rejection that nobody handles would have failed the run.
});

test('a signal that has aborted before asks nobody', async () => {
  const world = new World();
  world.serve([1]);
  await expect(world.take(Infinity, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'QUERY_INTERRUPTED' });
  expect(world.asked).toEqual([]);
});

test('silence means nothing within a process: a slow producer is waited for, and a slow consumer', async () => {
  const world = new World();
  world.serve([0, new Promise<void>((settle) => setTimeout(settle, 50)), 1]);
  expect(await world.take(Infinity, { rest: () => new Promise((settle) => setTimeout(settle, 50)) })).toEqual([0, 1]);
});

// In a process of its own: it is to end with the bug's error, although its consumer catches everything.
test('a producer that breaks a promise of ours ends the process, whoever asked', () => {
  const run = (step: string): string => {
    const text = `
      import { openInprocBus } from '@varve/inproc-adapter';
      import { BYTES, NO_PAYLOAD, openStream, serveStream } from '@varve/kit';
      const bus = openInprocBus();
      serveStream({ bus }, { subject: 's', askedKind: 'dataSeries', codec: BYTES }, async function* () { ${step} });
      const asked = { kind: 'dataSeries', header: {}, payload: NO_PAYLOAD };
      try { for await (const _ of openStream({ bus }, { subject: 's' }, asked)); } catch {}
      setTimeout(() => console.log('it went on'), 1_000);`;
    try {
      return execFileSync(process.execPath, ['--input-type=module', '-e', text], { cwd: import.meta.dirname, encoding: 'utf8', timeout: 30_000, stdio: 'pipe' });
    } catch (error) {
      return String((error as { readonly stderr: unknown }).stderr);
    }
  };
  expect(run("throw new TypeError('a bug')")).toContain('TypeError: a bug');
  expect(run('yield new Uint8Array(0)')).toContain('a stream item must not be empty');
  expect(run('yield new Uint8Array(1)')).toBe('it went on\n');
});
