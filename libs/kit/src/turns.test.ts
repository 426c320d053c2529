import type { InstantMs } from '@varve/base';
import type { Clock } from '@varve/ports';
import { expect, test } from 'vitest';
import { Turns } from './turns.ts';

test('long work lets everybody else have a turn after each stretch, and short work is not held up', async () => {
  let nowMs = 0;
  let turnCount = 0;
  const clock: Clock = {
    wallMs: () => nowMs,
    monotonicMs: () => nowMs as InstantMs,
    after: () => ({ cancel() {} }),
    turn: async () => void (turnCount += 1),
  };
  const turns = new Turns(clock);
  for (let step = 0; step < 100; step += 1) {
    nowMs += 1;
    await turns.maybeRest();
  }
  expect(turnCount).toBe(10);
  await turns.maybeRest();
  expect(turnCount).toBe(10);
});
