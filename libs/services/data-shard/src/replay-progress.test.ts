import type { Clock, LogFacts } from '@varve/ports';
import { expect, test } from 'vitest';
import { ReplayProgress } from './replay-progress.ts';

test('a replay that takes longer than a second says once a second how far it is and how long it will take', () => {
  let nowMs = 0;
  const said: (LogFacts | undefined)[] = [];
  const clock = { monotonicMs: () => nowMs } as Clock;
  const nothing = (): void => undefined;
  const progress = new ReplayProgress({ clock, log: { debug: nothing, warn: nothing, error: nothing, info: (_message, facts) => void said.push(facts) } });
  nowMs = 5_000;
  progress.expect(100);
  for (let row = 1; row <= 25; row += 1) {
    nowMs += 100;
    progress.onRow();
  }
  expect(said).toEqual([
    { rowCount: 10, ofRowCount: 100, rowsPerSecond: 10, secondsLeft: 9 },
    { rowCount: 20, ofRowCount: 100, rowsPerSecond: 10, secondsLeft: 8 },
  ]);
});
