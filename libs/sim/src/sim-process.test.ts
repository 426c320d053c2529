import { expect, test } from 'vitest';
import { SimClock, SimRandom } from './sim-clock.ts';
import { SimProcess } from './sim-process.ts';
import { SimScheduler } from './sim-scheduler.ts';

const start = (): { readonly scheduler: SimScheduler; readonly process: SimProcess } => {
  const scheduler = new SimScheduler({ seed: 1 });
  return { scheduler, process: new SimProcess(scheduler, 'node') };
};

test('K3: nothing of a killed process runs any more, and what it still asks for never comes', async () => {
  const { scheduler, process } = start();
  const ran: string[] = [];
  process.schedule(5, 'before', () => ran.push('before'));
  process.schedule(15, 'after', () => ran.push('after'));
  await scheduler.runFor(10);
  process.kill();
  process.schedule(1, 'late', () => ran.push('late'));
  const never = process.perform(1, 'never', () => ran.push('never'));
  await scheduler.runFor(100);
  expect(ran).toEqual(['before']);
  await expect(scheduler.runUntilSettled(never)).rejects.toThrow('waits for ever');
});

test('a paused process runs nothing, then everything that came due, in order and before anything newer', async () => {
  const { scheduler, process } = start();
  const ran: string[] = [];
  for (const delayMs of [1, 2, 3, 4]) process.schedule(delayMs, `${delayMs}`, () => ran.push(`${delayMs}`));
  process.schedule(3.5, 'cancelled below', () => ran.push('cancelled'));
  process.pause();
  await scheduler.runFor(10);
  expect(ran).toEqual([]);
  process.resume();
  process.schedule(0, 'newer', () => ran.push('newer'));
  await scheduler.runFor(10);
  expect(ran).toEqual(['1', '2', '3', 'cancelled', '4', 'newer']);
});

test('what came due during a pause can still be cancelled by what runs before it', async () => {
  const { scheduler, process } = start();
  const ran: string[] = [];
  const second = process.schedule(2, 'second', () => ran.push('second'));
  process.schedule(1, 'first', () => {
    ran.push('first');
    second.cancel();
  });
  process.pause();
  await scheduler.runFor(10);
  process.resume();
  await scheduler.runFor(10);
  expect(ran).toEqual(['first']);
});

test('clocks of two processes differ by their skew, and a jump moves wall time only', async () => {
  const { scheduler, process } = start();
  const [right, wrong] = [new SimClock(process), new SimClock(process, { skewMs: 250 })];
  await scheduler.runFor(10);
  expect(wrong.wallMs() - right.wallMs()).toBe(250);
  wrong.jump(-1_000);
  expect(wrong.wallMs() - right.wallMs()).toBe(-750);
  expect(wrong.monotonicMs()).toBe(right.monotonicMs());
});

test('a restarted process does not draw the same random numbers again', () => {
  const { scheduler, process } = start();
  const first = new SimRandom(process).uint32();
  process.kill();
  expect(new SimRandom(new SimProcess(scheduler, 'node')).uint32()).not.toBe(first);
});
