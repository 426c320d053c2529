import { setImmediate as round } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { LongWork } from '@varve/ports';
import { EventLoopTurns } from './event-loop-turns.ts';

function asking(): { readonly ask: (work: LongWork, name: string) => void; readonly done: string[] } {
  const turns = new EventLoopTurns();
  const done: string[] = [];
  return { ask: (work, name) => void turns.take(work).then(() => done.push(name)), done };
}

test('one piece of long work has its turn per round of the event loop, in the order of asking', async () => {
  const { ask, done } = asking();
  ask('write', 'first');
  ask('write', 'second');
  await Promise.resolve();
  expect(done).toEqual([]);
  await round();
  expect(done).toEqual(['first']);
  ask('write', 'third');
  await round();
  expect(done).toEqual(['first', 'second']);
  await round();
  expect(done).toEqual(['first', 'second', 'third']);
});

test('kinds take turns, however many of one kind wait', async () => {
  const { ask, done } = asking();
  for (const name of ['batch 1', 'batch 2', 'batch 3']) ask('write', name);
  ask('query', 'scan 1');
  ask('query', 'scan 2');
  for (let count = 0; count < 5; count += 1) await round();
  expect(done).toEqual(['batch 1', 'scan 1', 'batch 2', 'scan 2', 'batch 3']);
});

test('what is short gets through between two pieces of long work', async () => {
  const { ask, done } = asking();
  ask('write', 'batch');
  ask('query', 'scan');
  const short = new MessageChannel();
  short.port2.onmessage = () => {
    done.push('short');
    short.port1.close();
  };
  await round();
  expect(done).toEqual(['batch']);
  short.port1.postMessage('from another thread');
  for (let count = 0; count < 3; count += 1) await round();
  expect(done).toEqual(['batch', 'short', 'scan']);
});
