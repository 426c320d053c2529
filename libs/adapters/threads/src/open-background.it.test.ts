import { getPriority } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Background } from '@varve/ports';
import { backgroundContract } from '@varve/ports/contract';
import { expect, onTestFinished, test } from 'vitest';
import { beNicer } from './be-nicer.ts';
import { openBackground } from './open-background.ts';

type TestTasks = typeof import('./testing/tasks.ts');

async function opened(): Promise<Background<TestTasks>> {
  const background = await openBackground<TestTasks>(import.meta.resolve('./testing/tasks.ts'), { name: 'background', isNicer: true });
  onTestFinished(() => background.close());
  return background;
}

// T1, T2 and T4 as far as a caller sees them.
backgroundContract('openBackground', (_, module) => openBackground(module, { name: 'background', isNicer: true }));

test('T2: a bug ends the thread; what waits for it and its end fail with the bug, and later calls are refused', async () => {
  const background = await openBackground<TestTasks>(import.meta.resolve('./testing/tasks.ts'), { name: 'background', isNicer: true });
  const [first, second] = await Promise.allSettled([background.run('fail', 'a bug', []), background.run('add', { left: 1, right: 2 }, [])]);
  for (const each of [first, second]) expect(each).toMatchObject({ status: 'rejected', reason: { message: 'a bug' } });
  await expect(background.run('add', { left: 1, right: 2 }, [])).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
  await expect(background.close()).rejects.toThrow('a bug');
});

test('T2: a thread that does not start fails whoever starts it, and whoever closes one that has ended takes its bug: the process goes on', async () => {
  await expect(openBackground('file:///not-there.ts', { name: 'background', isNicer: true })).rejects.toThrow('not-there');
  const background = await openBackground<TestTasks>(import.meta.resolve('./testing/tasks.ts'), { name: 'background', isNicer: true });
  await background.run('fail', 'a bug', []).catch(() => background.close().catch(() => undefined));
  await sleep(10); // An unhandled rejection would fail the test.
});

test('T3: more calls than are good for anybody are refused, and the others answered', async () => {
  const background = await opened();
  const calls = Array.from({ length: 10_001 }, () => background.run('add', { left: 1, right: 1 }, []));
  const settled = await Promise.allSettled(calls);
  expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(10_000);
  expect(settled.at(-1)).toMatchObject({ status: 'rejected', reason: { code: 'STORAGE_FAILED' } });
});

test('T4: bytes that stand in several places of an argument or a result are one buffer', async () => {
  const background = await opened();
  const bytes = Uint8Array.of(1, 2);
  expect(await background.run('twice', { left: bytes, right: bytes }, [])).toEqual([bytes, bytes]);
  expect(await background.run('add', { left: 1, right: 2 }, [])).toBe(3);
});

test('T4: the thread lets go of arguments when the call has ended, of views into larger buffers and values of maps too', async () => {
  const background = await opened();
  await background.run('keep', Uint8Array.of(1, 2, 3), []);
  expect(await background.run('keep', Uint8Array.of(1, 2, 3).subarray(1, 2), [])).toBe(0);
  expect(await background.run('keepOfMap', new Map([['bytes', Uint8Array.of(1)]]), [])).toBe(0);
  expect(await background.run('keep', Uint8Array.of(1), [])).toBe(0);
});

test('T4: large buffers of a result change hands, small ones are copied: of very many, handing over would take seconds', async () => {
  const background = await opened();
  for (const [sizeBytes, leftBytes] of [[16_384, 0], [16_383, 16_383]] as const) {
    expect(await background.run('give', sizeBytes, [])).toHaveLength(sizeBytes);
    expect(await background.run('leftOfGiven', undefined, []), `${sizeBytes} B`).toBe(leftBytes);
  }
});

test.runIf(process.platform === 'linux')('T5: on Linux the thread is nicer than the rest of the process', async () => {
  const background = await opened();
  expect(await background.run('niceness', undefined, [])).toBe(Math.min(getPriority() + 10, 19));
});

test('T5: where the system does not let it, a thread stays as it is', () => {
  expect(beNicer(4, '/proc/not-there')).toBe(false);
});

test('T6: an idle thread keeps no garbage', async () => {
  const background = await opened();
  await background.run('waste', undefined, []);
  expect(await background.run('arrayBytes', undefined, [])).toBeGreaterThan(8 * 2 ** 20);
  await sleep(1_500); // Asking keeps it from being idle.
  expect(await background.run('arrayBytes', undefined, [])).toBeLessThan(2 ** 20);
});
