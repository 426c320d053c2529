import { expect, test } from 'vitest';
import { clusterReportOf } from './cluster-report.ts';

test('the report says each figure with its unit, and when no request failed', () => {
  const text = clusterReportOf({
    rowsPerSecond: new Map([['quorum', 323_977.4]]),
    memory: new Map([['data1', { residentBytes: 237 * 2 ** 20, peakBytes: 240 * 2 ** 20 }]]),
    kills: [
      { victim: 'data2', requestCount: 562, failedCount: 0, firstFailedMs: undefined, lastFailedMs: undefined, slowestMs: 257.4 },
      { victim: 'coordinator1', requestCount: 2_135, failedCount: 2, firstFailedMs: 20.9, lastFailedMs: 21, slowestMs: 80 },
    ],
    drain: { hintCount: 2_063, sizeBytes: 2.2 * 2 ** 20, elapsedMs: 1_430 },
  });
  expect(text).toContain('quorum           323,977');
  expect(text).toContain('data1            237  (240)');
  expect(text).toContain('data2         none failed of 562 requests; the slowest took 257 ms');
  expect(text).toContain('2 failed, the first after 21 ms, the last after 21 ms of 2135 requests');
  expect(text).toContain('hints: 2063 frames, 2.2 MiB delivered in 1.43 s from when their owner was back: 1443 frames/s, 1.5 MiB/s');
});
