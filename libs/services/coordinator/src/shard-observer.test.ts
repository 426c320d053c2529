import type { Clock } from '@varve/ports';
import { expect, test } from 'vitest';
import { ShardObserver } from './shard-observer.ts';

test('EX2 a shard says who answered, after how many, what came, and how long it took', () => {
  let nowMs = 10;
  const observer = new ShardObserver({ monotonicMs: () => nowMs } as Clock, { shard: 5, measurements: ['m'] });
  expect(observer.result).toMatchObject({ shard: 5, measurements: ['m'], owner: undefined, retryCount: 0, elapsedMs: 0 });
  observer.onAsk(2);
  nowMs = 15;
  observer.onAsk(3);
  nowMs = 20;
  observer.onFrame(new Uint8Array(7));
  observer.onFrame(new Uint8Array(3));
  observer.onTrailer('{"seriesCount":1,"rowCount":2,"summaryCount":3,"summarizedRowCount":4}');
  nowMs = 22;
  observer.onEnd();
  const counts = { seriesCount: 1, rowCount: 2, summaryCount: 3, summarizedRowCount: 4 };
  expect(observer.result).toEqual({ shard: 5, measurements: ['m'], owner: 3, retryCount: 1, frameCount: 2, sizeBytes: 10, elapsedMs: 12, counts });
  expect(() => observer.onTrailer('{')).toThrow(expect.objectContaining({ code: 'MESSAGE_INVALID' }) as Error);
});
