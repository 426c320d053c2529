import type { Background } from '@varve/ports';
import { expect, onTestFinished, test } from 'vitest';
import { openBackground } from './open-background.ts';

type TestTasks = typeof import('./testing/tasks.ts');

async function opened(): Promise<Background<TestTasks>> {
  const background = await openBackground<TestTasks>(import.meta.resolve('./testing/tasks.ts'));
  onTestFinished(() => background.close());
  return background;
}

test('T1: tasks are run by their names, and each call gets its own answer', async () => {
  const background = await opened();
  const calls = Array.from({ length: 50 }, (_, number) => background.run('add', { left: number, right: 1 }, []));
  expect(await Promise.all(calls)).toEqual(calls.map((_, number) => number + 1));
});

test('T2: a DbError is the caller’s, and the thread goes on', async () => {
  const background = await opened();
  await expect(background.run('refuse', 'damaged', [])).rejects.toMatchObject({ code: 'CHUNK_INVALID', message: 'damaged', facts: { chunkId: 7 } });
  expect(await background.run('add', { left: 1, right: 2 }, [])).toBe(3);
});

test('T2: a bug ends the thread; what waits for it and its end fail with the bug, and later calls are refused', async () => {
  const background = await openBackground<TestTasks>(import.meta.resolve('./testing/tasks.ts'));
  const [first, second] = await Promise.allSettled([background.run('fail', 'a bug', []), background.run('add', { left: 1, right: 2 }, [])]);
  for (const each of [first, second]) expect(each).toMatchObject({ status: 'rejected', reason: { message: 'a bug' } });
  await expect(background.run('add', { left: 1, right: 2 }, [])).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
  await expect(background.close()).rejects.toThrow('a bug');
});

test('T3: more calls than are good for anybody are refused, and the others answered', async () => {
  const background = await opened();
  const calls = Array.from({ length: 10_001 }, () => background.run('add', { left: 1, right: 1 }, []));
  const settled = await Promise.allSettled(calls);
  expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(10_000);
  expect(settled.at(-1)).toMatchObject({ status: 'rejected', reason: { code: 'STORAGE_FAILED' } });
});

test('T4: bytes that are given change hands, others are copied', async () => {
  const background = await opened();
  const [given, kept] = [Uint8Array.of(1, 2), Uint8Array.of(3, 4)];
  expect(await background.run('doubled', given, [given.buffer])).toEqual(Uint8Array.of(2, 4));
  expect(await background.run('doubled', kept, [])).toEqual(Uint8Array.of(6, 8));
  expect([given.length, kept.length]).toEqual([0, 2]);
});

test('T4: bytes that occur several times are no matter', async () => {
  const background = await opened();
  const bytes = Uint8Array.of(5);
  const [first, ...others] = await background.run('twice', [bytes, bytes], []);
  expect(others).toEqual([first, first, first]);
  expect(await background.run('add', { left: 1, right: 2 }, [])).toBe(3);
});

test('a background that is closed takes nothing any more', async () => {
  const background = await openBackground<TestTasks>(import.meta.resolve('./testing/tasks.ts'));
  const last = background.run('add', { left: 1, right: 1 }, []);
  await background.close();
  expect(await last).toBe(2);
  await expect(background.run('add', { left: 1, right: 1 }, [])).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
});
