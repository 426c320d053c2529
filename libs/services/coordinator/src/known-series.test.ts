import { expect, test } from 'vitest';
import { KnownSeries } from './known-series.ts';

const keyOf = (host: number): string => `cpu,datacenter=eu-west-1c,hostname=host_${host},os=Ubuntu16.10`;

test('nothing is known before it was added, and a series is known for its shard alone', () => {
  const known = new KnownSeries();
  expect(known.has(1, keyOf(1))).toBe(false);
  known.add(1, keyOf(1));
  expect([known.has(1, keyOf(1)), known.has(2, keyOf(1)), known.has(1, keyOf(2)), known.has(1, '')]).toEqual([true, false, false, false]);
});

test('of many series most are remembered, and none that was not added is', () => {
  const known = new KnownSeries();
  const SERIES_COUNT = 200_000;
  for (let host = 0; host < SERIES_COUNT; host += 1) known.add(7, keyOf(host));
  let rememberedCount = 0;
  let mistakenCount = 0;
  for (let host = 0; host < SERIES_COUNT; host += 1) {
    if (known.has(7, keyOf(host))) rememberedCount += 1;
    if (known.has(7, keyOf(SERIES_COUNT + host)) || known.has(8, keyOf(host))) mistakenCount += 1;
  }
  expect(mistakenCount).toBe(0);
  expect(rememberedCount / SERIES_COUNT).toBeGreaterThan(0.9);
});
