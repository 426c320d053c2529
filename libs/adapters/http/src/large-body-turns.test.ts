import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { LargeBodyTurns } from './large-body-turns.ts';

test('large bodies are worked on one per turn of the event loop, in order; small ones at once', async () => {
  const turns = new LargeBodyTurns();
  const done: string[] = [];
  const take = (name: string, sizeBytes: number): void => void turns.take(sizeBytes).then(() => done.push(name));
  take('large 1', 1_000_000);
  take('large 2', 1_000_000);
  take('small', 1_000);
  await Promise.resolve();
  expect(done).toEqual(['small']);
  await turn();
  expect(done).toEqual(['small', 'large 1']);
  await turn();
  await turn();
  expect(done).toEqual(['small', 'large 1', 'large 2']);
});
