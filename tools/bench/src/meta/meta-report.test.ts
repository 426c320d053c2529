import { expect, test } from 'vitest';
import { metaReportOf } from './meta-report.ts';
import { quantilesOf } from '../quantiles.ts';

test('the report says each figure with its unit, its bound and what failed', () => {
  const flat = quantilesOf([100, 200]);
  const cpuMs = { leader: 0.1854, follower: 0.1, nats: 0.02, clients: 0.07 };
  const text = metaReportOf({
    throughput: [
      { voterCount: 1, perSecond: 4_000, latencyMs: flat, cpuMs: { ...cpuMs, follower: 0 } },
      { voterCount: 3, perSecond: 2_500.4, latencyMs: flat, cpuMs },
    ],
    transfers: { gapMs: flat, quietGapMs: quantilesOf([9.5]), failedCount: 0 },
    kills: { acceptedMs: flat, underWayMs: flat, failedCount: 2 },
    lanKills: { acceptedMs: flat, underWayMs: flat, failedCount: 0 },
    restarts: [{ entryCount: 10_066, loadedMs: 400, readyMs: 900, caughtUpMs: 950, cpuMs: 800 }],
    bigCatalog: {
      ...{ databaseCount: 1_000, groupCount: 100_000, buildMs: 9_400, snapshotMs: 500, stallMs: 40 },
      ...{ wholeBytes: 15 * 2 ** 20, bytesPerChange: 128, spreadMs: flat, followerCount: 10 },
      memoryBuilt: new Map([['meta1', { residentBytes: 190 * 2 ** 20, peakBytes: 192 * 2 ** 20 }]]),
      memoryAtRest: new Map([['meta1', { residentBytes: 180 * 2 ** 20, peakBytes: 250 * 2 ** 20 }]]),
    },
  });
  expect(text).toMatch(/^ +3 +2,500 +100 +200 +185 +100 +20 +70 +475$/m);
  expect(text).toContain('3 voters : 1 voter  0.63');
  expect(text).toContain('default timers   p50 100  p99 200  max 200 of 2, 2 failed');
  expect(text).toContain('without a transfer p50 9.5');
  expect(text).toContain('950 to applied all: program loaded after 400, from there to applied all 550');
  expect(text).toContain('128 bytes, the whole catalog 15.0 MiB: 1 : 122,880');
  expect(text).toContain('just made: meta1 190 (192)\n');
  expect(text).toContain('at rest: meta1 180 (250)  (200 or less)');
});
