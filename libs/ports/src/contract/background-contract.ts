import { expect } from 'vitest';
import type { Background } from '../background.ts';
import * as tasks from './background-tasks.ts';
import { contractTest, type Drive } from './contract-test.ts';

/** Opens a background for these tasks, which the module at this address exports. */
export type OpenBackground = (known: typeof tasks, module: string) => Promise<Background<typeof tasks>>;

/** What every {@link Background} must keep, real or simulated. */
export function backgroundContract(name: string, openFor: OpenBackground, drive?: Drive): void {
  const check = contractTest(name, drive);
  const open = (): Promise<Background<typeof tasks>> => openFor(tasks, new URL('background-tasks.ts', import.meta.url).href);

  check('tasks run one after the other, and each call gets its own answer', async () => {
    const background = await open();
    const answers: number[] = [];
    const calls = Array.from({ length: 50 }, async (_, number) => answers.push(await background.run('add', { left: number, right: 1 }, [])));
    await Promise.all(calls);
    expect(answers).toEqual(calls.map((_, number) => number + 1));
    await background.close();
  });

  check('a DbError is the caller’s, and later tasks are run', async () => {
    const background = await open();
    await expect(background.run('refuse', 'damaged', [])).rejects.toMatchObject({ code: 'CHUNK_INVALID', message: 'damaged', facts: { chunkId: 7 } });
    expect(await background.run('add', { left: 1, right: 2 }, [])).toBe(3);
    await background.close();
  });

  check('bytes that are given change hands, others are copied', async () => {
    const background = await open();
    const [given, kept] = [Uint8Array.of(1, 2), Uint8Array.of(3, 4)];
    const running = [background.run('doubled', given, [given.buffer]), background.run('doubled', kept, [])];
    kept.fill(9); // The task has what it was called with.
    expect(await Promise.all(running)).toEqual([Uint8Array.of(2, 4), Uint8Array.of(6, 8)]);
    expect([given.length, kept.length]).toEqual([0, 2]);
    await background.close();
  });

  check('closing waits for what is under way; later tasks are refused', async () => {
    const background = await open();
    const answers: number[] = [];
    const last = background.run('add', { left: 1, right: 1 }, []).then((answer) => answers.push(answer));
    await background.close();
    expect(answers).toEqual([2]);
    await last;
    await expect(background.run('add', { left: 1, right: 1 }, [])).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
  });
}
