import { DbError } from '@varve/base';
import { SILENT_METRICS, type Background, type Log } from '@varve/ports';
import { expect, test } from 'vitest';
import type { ScanTasks } from './ports.ts';
import { ScanThreads } from './scan-threads.ts';
import type { ShareAnswer, ShareJob } from './share-job.ts';

const JOB = {} as ShareJob;
const FRAMES: ShareAnswer = { kind: 'frames', frames: [] };

/** Threads that answer as told, and what was logged of them. */
async function opened(run: () => Promise<ShareAnswer>, scanThreadCount = 1): Promise<{ readonly threads: ScanThreads; readonly errors: string[]; readonly closedCount: () => number }> {
  const errors: string[] = [];
  let closedCount = 0;
  const log = { error: (text: string) => void errors.push(text) } as Partial<Log> as Log;
  const background: Background<ScanTasks> = { run: run as Background<ScanTasks>['run'], close: async () => void (closedCount += 1) };
  const threads = new ScanThreads({ log, metrics: SILENT_METRICS, openScanThread: async () => background }, { scanThreadCount });
  expect(threads.take()).toBeUndefined(); // It is started now.
  await new Promise((settle) => setImmediate(settle));
  return { threads, errors, closedCount: () => closedCount };
}

test('ST5: a thread has two shares at most; the one with fewer gets the next', async () => {
  const ends: ((answer: ShareAnswer) => void)[] = [];
  const { threads } = await opened(() => new Promise((end) => ends.push(end)), 2);
  expect(threads.isIdle).toBe(true);
  const running = Array.from({ length: 4 }, () => threads.take()!(JOB));
  expect([threads.isIdle, threads.take()]).toEqual([false, undefined]);
  ends[0]!(FRAMES);
  await running[0];
  expect(threads.take()).toBeDefined();
});

test.each([new DbError('STORAGE_FAILED', 'the thread "scan" has ended'), new TypeError('a bug')])('ST7: %s ends the thread for all later queries, which is said once', async (failure) => {
  const { threads, errors, closedCount } = await opened(() => Promise.reject(failure));
  const [first, second] = [threads.take()!, threads.take()!];
  await expect(first(JOB)).rejects.toBe(failure);
  await expect(second(JOB)).rejects.toBe(failure);
  expect([threads.take(), threads.isIdle]).toEqual([undefined, false]);
  expect(errors).toEqual(['A scan thread has ended; queries do without it']);
  await threads.close();
  expect(closedCount()).toBe(0);
});

test('what a share is refused with is the query’s: the thread goes on', async () => {
  const { threads, errors, closedCount } = await opened(() => Promise.reject(new DbError('CHUNK_INVALID', 'damaged', { chunkId: 7 })));
  await expect(threads.take()!(JOB)).rejects.toMatchObject({ code: 'CHUNK_INVALID', facts: { chunkId: 7 } });
  expect([threads.isIdle, errors]).toEqual([true, []]);
  await threads.close();
  expect(closedCount()).toBe(1);
});

test('a thread that does not start is done without; none is started where there are to be none', async () => {
  let startCount = 0;
  const errors: string[] = [];
  const log = { error: (text: string) => void errors.push(text) } as Partial<Log> as Log;
  const openScanThread = async (): Promise<never> => {
    startCount += 1;
    throw new Error('no memory');
  };
  const ports = { log, metrics: SILENT_METRICS, openScanThread };
  const threads = new ScanThreads(ports, { scanThreadCount: 1 });
  expect([threads.isOn, threads.take()]).toEqual([true, undefined]);
  await threads.close();
  expect([startCount, errors]).toEqual([1, ['A scan thread did not start; queries do without it']]);
  expect([new ScanThreads(ports, { scanThreadCount: 0 }).isOn, new ScanThreads({ ...ports, openScanThread: undefined }, { scanThreadCount: 1 }).isOn]).toEqual([false, false]);
});
