import { expect, test } from 'vitest';
import type { RaftMessage } from './message.ts';
import { Outbox } from './outbox.ts';

const message: RaftMessage = { kind: 'termPassed', from: 1, to: 2, term: 3 };

test('F09: what waits for a slow persist is bounded; the rest is lost, and said to be', () => {
  const outbox = new Outbox();
  let sentCount = 0;
  while (outbox.send(message) && sentCount < 1_000_000) sentCount += 1;
  expect(sentCount).toBeGreaterThan(256);
  expect(sentCount).toBeLessThan(100_000);
  for (let read = 0; read < 100_000; read += 1) outbox.confirm({ read, index: 1 });
  const { messages, reads } = outbox.take();
  expect(messages).toHaveLength(sentCount);
  expect(reads.length).toBeLessThan(100_000);
  expect(outbox.isEmpty).toBe(true);
  expect(outbox.send(message)).toBe(true);
});

test('the newest need of a snapshot is asked for, unless there is none any more', () => {
  const outbox = new Outbox();
  outbox.need({ from: 1, index: 5 });
  outbox.need({ from: 2, index: 9 });
  expect(outbox.take().snapshot).toEqual({ from: 2, index: 9 });
  outbox.need({ from: 2, index: 9 });
  outbox.need(undefined);
  expect(outbox.isEmpty).toBe(true);
});
