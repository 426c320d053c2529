import { DbError } from '@varve/base';
import { SILENT_LOG, SILENT_METRICS, type Background } from '@varve/ports';
import { expect, test } from 'vitest';
import type { ScanTasks } from './ports.ts';
import { ScanThreads } from './scan-threads.ts';
import type { ShareAnswer, ShareJob } from './share-job.ts';

const JOB = {} as ShareJob;

/** One thread, which answers as it is told, and says how often it was closed. */
async function oneThread(run: () => Promise<ShareAnswer>): Promise<{ readonly threads: ScanThreads; readonly closed: { count: number } }> {
  const closed = { count: 0 };
  const background = {
    run,
    close: async () => {
      closed.count += 1;
      throw new Error('a bug');
    },
  } as unknown as Background<ScanTasks>;
  const threads = new ScanThreads({ log: SILENT_LOG, metrics: SILENT_METRICS, openScanThread: async () => background }, { scanThreadCount: 1, chunkCacheSizeBytesMax: 100 });
  while (!threads.hasRoom()) await Promise.resolve();
  return { threads, closed };
}

test('ST5: a share has its room until it is done, also while what the thread lacks is fetched', async () => {
  const { threads } = await oneThread(async () => ({ kind: 'tooLarge' }));
  let end = (): void => undefined;
  const fetching = new Promise<void>((resolve) => (end = resolve));
  const lent = [0, 1].map(() => threads.lend((scan) => scan(JOB).then(() => fetching)));
  await Promise.resolve();
  expect([threads.hasRoom(), threads.isIdle]).toEqual([false, false]);
  end();
  await Promise.all(lent);
  expect([threads.hasRoom(), threads.isIdle]).toEqual([true, true]);
});

test('ST7: a thread that has ended gets nothing more, and is closed: its bug was said, and ends nothing but the queries', async () => {
  const { threads, closed } = await oneThread(() => Promise.reject(new TypeError('a bug')));
  const lent = [0, 1].map(() => threads.lend((scan) => scan(JOB)));
  expect(await Promise.allSettled(lent)).toMatchObject([{ reason: { code: 'STORAGE_FAILED' } }, { reason: { code: 'STORAGE_FAILED' } }]);
  expect([threads.hasRoom(), threads.isIdle, closed.count]).toEqual([false, false, 1]);
  await threads.close();
});

test('what a share comes to fails its query alone', async () => {
  const { threads, closed } = await oneThread(() => Promise.reject(new DbError('CHUNK_INVALID', 'damaged')));
  await expect(threads.lend((scan) => scan(JOB))).rejects.toMatchObject({ code: 'CHUNK_INVALID' });
  expect([threads.hasRoom(), closed.count]).toEqual([true, 0]);
});

test('when the node closes, nothing more is lent', async () => {
  const { threads } = await oneThread(async () => ({ kind: 'tooLarge' }));
  await expect(threads.close()).rejects.toThrow('a bug');
  expect(threads.hasRoom()).toBe(false);
});

test('a thread that does not start is done without, which is said; none is started where there are to be none', async () => {
  let startCount = 0;
  const errors: string[] = [];
  const log = { ...SILENT_LOG, error: (text: string) => void errors.push(text) };
  const openScanThread = async (): Promise<never> => {
    startCount += 1;
    throw new Error('no memory');
  };
  const ports = { log, metrics: SILENT_METRICS, openScanThread };
  const threads = new ScanThreads(ports, { scanThreadCount: 1, chunkCacheSizeBytesMax: 100 });
  expect([threads.isOn, threads.hasRoom()]).toEqual([true, false]);
  const caches = [0, 1, 2, 3].map((scanThreadCount) => new ScanThreads(ports, { scanThreadCount, chunkCacheSizeBytesMax: 100 }));
  expect(caches.map(({ cacheSizeBytesMax, cacheSizeBytesMaxHere }) => [cacheSizeBytesMax, cacheSizeBytesMaxHere])).toEqual([[0, 100], [50, 50], [25, 50], [16, 52]]);
  await threads.close();
  expect([startCount, errors]).toEqual([1, ['A scan thread did not start; queries do without it']]);
  expect([new ScanThreads(ports, { scanThreadCount: 0, chunkCacheSizeBytesMax: 100 }).isOn, new ScanThreads({ ...ports, openScanThread: undefined }, { scanThreadCount: 1, chunkCacheSizeBytesMax: 100 }).isOn]).toEqual([false, false]);
});
