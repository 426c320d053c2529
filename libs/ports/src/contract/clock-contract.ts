import { expect } from 'vitest';
import type { Clock } from '../clock.ts';
import { contractTest, type Drive } from './contract-test.ts';

const passed = (clock: Clock, delayMs: number): Promise<void> =>
  new Promise((resolve) => clock.after(delayMs, resolve));

/** What every {@link Clock} must keep, real or simulated. */
export function clockContract(name: string, open: () => Clock, drive?: Drive): void {
  const check = contractTest(name, drive);

  check('monotonic time goes on and never back', async () => {
    const clock = open();
    let beforeMs = clock.monotonicMs();
    for (let round = 0; round < 5; round += 1) {
      await passed(clock, 2);
      const nowMs = clock.monotonicMs();
      expect(nowMs).toBeGreaterThan(beforeMs);
      beforeMs = nowMs;
    }
  });

  check('wall time is in whole milliseconds after the year 2020', async () => {
    const wallMs = open().wallMs();
    expect(Number.isSafeInteger(wallMs)).toBe(true);
    expect(wallMs).toBeGreaterThan(Date.UTC(2020, 0, 1));
  });

  check('a timer calls once, not before its delay has passed, never synchronously', async () => {
    const clock = open();
    const startMs = clock.monotonicMs();
    const calledAtMs: number[] = [];
    clock.after(0, () => calledAtMs.push(clock.monotonicMs()));
    clock.after(5, () => calledAtMs.push(clock.monotonicMs()));
    expect(calledAtMs).toEqual([]);
    await passed(clock, 20);
    expect(calledAtMs).toHaveLength(2);
    expect(calledAtMs[1]! - startMs).toBeGreaterThanOrEqual(5);
  });

  check('a cancelled timer does not call; cancelling late or twice is no error', async () => {
    const clock = open();
    const called: string[] = [];
    const cancelled = clock.after(3, () => called.push('cancelled'));
    const due = clock.after(1, () => called.push('due'));
    cancelled.cancel();
    cancelled.cancel();
    await passed(clock, 10);
    due.cancel();
    expect(called).toEqual(['due']);
  });
}
