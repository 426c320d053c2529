import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SimClock } from './sim-clock.ts';
import { SimProcess } from './sim-process.ts';
import { SimScheduler } from './sim-scheduler.ts';

const sleep = (clock: SimClock, delayMs: number): Promise<void> =>
  new Promise((resolve) => clock.after(delayMs, resolve));

test('events run in the order of their times', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(1_000), { maxLength: 200 }), fc.integer(), async (delays, seed) => {
      const scheduler = new SimScheduler({ seed });
      const ran: number[] = [];
      for (const delayMs of delays) scheduler.schedule(delayMs, 'event', () => ran.push(delayMs));
      await scheduler.runUntilIdle();
      expect(ran).toEqual(delays.toSorted((left, right) => left - right));
    }),
    { numRuns: 50 },
  );
});

test('K1: the same seed gives the same order and trace; another seed orders events of one moment differently', async () => {
  const run = async (
    seed: number,
  ): Promise<{ readonly order: string; readonly lines: string[]; readonly hash: string }> => {
    const lines: string[] = [];
    const scheduler = new SimScheduler({ seed, onLine: (line) => lines.push(line) });
    let order = '';
    for (const name of 'abcdefgh') scheduler.schedule(5, name, () => (order += name));
    await scheduler.runUntilIdle();
    return { order, lines, hash: scheduler.traceHash };
  };
  expect(await run(1)).toEqual(await run(1));
  expect((await run(1)).order).not.toEqual((await run(2)).order);
  expect((await run(1)).hash).not.toEqual((await run(2)).hash);
  expect((await run(1)).lines).toHaveLength(8);
  expect((await run(1)).lines[0]).toMatch(/^5\.000 [a-h]$/);
});

test('K2: the promises that an event settles have run before the next event', async () => {
  const scheduler = new SimScheduler({ seed: 3 });
  const seen: string[] = [];
  const chain = async (): Promise<void> => {
    for (let link = 0; link < 40; link += 1) await Promise.resolve();
    seen.push('chain');
  };
  scheduler.schedule(1, 'first', () => void chain());
  scheduler.schedule(2, 'second', () => seen.push('second'));
  await scheduler.runUntilIdle();
  expect(seen).toEqual(['chain', 'second']);
});

test('a chain of promises longer than the quiet turns still ends, and its events still run', async () => {
  const scheduler = new SimScheduler({ seed: 3 });
  const chain = async (): Promise<string> => {
    for (let link = 0; link < 5_000; link += 1) await Promise.resolve();
    return new Promise((resolve) => scheduler.schedule(1, 'last', () => resolve('done')));
  };
  expect(await scheduler.runUntilSettled(chain())).toBe('done');
});

test('tasks that sleep and meet each other run the same way for the same seed', async () => {
  const run = async (seed: number): Promise<string> => {
    const scheduler = new SimScheduler({ seed });
    const process = new SimProcess(scheduler, 'p');
    const clock = new SimClock(process);
    const prng = scheduler.prngOf('test');
    let log = '';
    const task = async (name: string): Promise<void> => {
      for (let round = 0; round < 20; round += 1) {
        await sleep(clock, prng.between(0, 3));
        log += name;
      }
    };
    await scheduler.runUntilSettled(Promise.all(['a', 'b', 'c'].map(task)));
    return `${log} ${scheduler.traceHash} ${scheduler.nowMs}`;
  };
  expect(await run(7)).toBe(await run(7));
  expect(await run(7)).not.toBe(await run(8));
});

test('a promise that nothing can settle is an error, not a hang', async () => {
  const scheduler = new SimScheduler({ seed: 1 });
  await expect(scheduler.runUntilSettled(new Promise(() => undefined))).rejects.toThrow('waits for ever at 0 ms');
});

test('a run that does not end is stopped', async () => {
  const scheduler = new SimScheduler({ seed: 1, eventCountMax: 100 });
  const again = (): void => void scheduler.schedule(1, 'again', again);
  again();
  await expect(scheduler.runUntilIdle()).rejects.toThrow('no end after 100 events');
});

test('runFor runs what is due and stops the clock at its end', async () => {
  const scheduler = new SimScheduler({ seed: 1 });
  const ran: number[] = [];
  for (const delayMs of [1, 10, 11]) scheduler.schedule(delayMs, 'event', () => ran.push(delayMs));
  await scheduler.runFor(10);
  expect([ran, scheduler.nowMs]).toEqual([[1, 10], 10]);
  await scheduler.runFor(5);
  expect([ran, scheduler.nowMs]).toEqual([[1, 10, 11], 15]);
});

test("a stream of random numbers does not depend on the others' draws", () => {
  const [one, two] = [new SimScheduler({ seed: 5 }), new SimScheduler({ seed: 5 })];
  one.prngOf('other').uint32();
  one.prngOf('new consumer').uint32();
  expect(one.prngOf('mine').uint32()).toBe(two.prngOf('mine').uint32());
});

// Methodology: chains of every length around the quiet turns end by scheduling something earlier than the next event.
test('an event scheduled while the next one is looked up is neither lost nor does another one run twice', async () => {
  for (let turnCount = 0; turnCount < 200; turnCount += 1) {
    const scheduler = new SimScheduler({ seed: turnCount });
    const ran: string[] = [];
    const chain = async (): Promise<void> => {
      for (let turn = 0; turn < turnCount; turn += 1) await Promise.resolve();
      scheduler.schedule(0.5, 'early', () => ran.push('early'));
    };
    scheduler.schedule(1, 'start', () => void chain());
    for (const name of ['a', 'b', 'c']) scheduler.schedule(100, name, () => ran.push(name));
    await scheduler.runUntilIdle();
    expect(ran.sort(), `${turnCount} turns`).toEqual(['a', 'b', 'c', 'early']);
  }
});
