import { expect, test } from 'vitest';
import { drawnCountFor, medianOf } from './kinds.ts';
import type { Rate } from './load.ts';

const rate = (perSecond: number, failureCount = 0): Rate => ({
  ...{ perSecond, failureCount, p50Ms: 1, p99Ms: 1 },
  failure: failureCount === 0 ? undefined : 'status 503: busy',
});

test('of several rounds the median counts, and none where a request failed', () => {
  expect(medianOf([rate(30), rate(10), rate(20)])).toBe(20);
  expect(medianOf([rate(30), rate(10, 1), rate(20)])).toBe('failed');
});

test('more questions are drawn than a round has time for, whoever asks them', () => {
  expect(drawnCountFor({ perSecond: 1_000 }, 1)).toBe(6_000);
  expect(drawnCountFor({ perSecond: 1_000 }, 4)).toBe(1_500);
  expect(drawnCountFor({ perSecond: 0.5 }, 4)).toBeGreaterThanOrEqual(100);
});
