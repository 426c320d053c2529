import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ShardGroup } from './catalog.ts';
import { newShardGroupRange, SHARD_WINDOW_NS_MAX, shardGroupIndexAt, shardGroupWindow } from './shard-group-window.ts';
import { covers, MAX_TIME_NS, MIN_TIME_NS, overlaps, timeRange, type TimeRange } from './time.ts';

const HOUR_NS = 3_600_000_000_000n;
const DAY_NS = 24n * HOUR_NS;
const at = (iso: string): bigint => BigInt(Date.parse(iso)) * 1_000_000n;
const anyTime = fc.bigInt({ min: MIN_TIME_NS, max: MAX_TIME_NS });
const anyDuration = fc.oneof(fc.bigInt({ min: 1n, max: 10n }), fc.bigInt({ min: HOUR_NS, max: 4_000n * DAY_NS }));

test('windows are aligned as InfluxDB aligns them', () => {
  const check = (time: string, durationNs: bigint, start: string, end: string): void =>
    expect(shardGroupWindow(at(time), durationNs), `${time} / ${durationNs}`).toEqual({
      startNs: at(start),
      endNs: at(end),
    });

  check('2026-01-15T13:59:59.999Z', HOUR_NS, '2026-01-15T13:00:00Z', '2026-01-15T14:00:00Z');
  check('2026-01-15T14:00:00Z', HOUR_NS, '2026-01-15T14:00:00Z', '2026-01-15T15:00:00Z');
  check('2026-01-15T13:00:00Z', DAY_NS, '2026-01-15T00:00:00Z', '2026-01-16T00:00:00Z');
  check('1969-12-31T23:00:00Z', DAY_NS, '1969-12-31T00:00:00Z', '1970-01-01T00:00:00Z');
  check('2026-01-15T13:00:00Z', 7n * DAY_NS, '2026-01-12T00:00:00Z', '2026-01-19T00:00:00Z'); // a Monday
  check('1970-01-01T00:00:00Z', 7n * DAY_NS, '1969-12-29T00:00:00Z', '1970-01-05T00:00:00Z');
});

test('a window over 90 days is split into equal pieces', () => {
  const window = shardGroupWindow(at('2026-01-15T00:00:00Z'), 364n * DAY_NS);
  expect(window.endNs - window.startNs).toBe((364n * DAY_NS + 4n) / 5n);
  expect(shardGroupWindow(window.endNs, 364n * DAY_NS).startNs).toBe(window.endNs);
});

test('windows at the ends of time are clamped to what a point can have', () => {
  expect(shardGroupWindow(MIN_TIME_NS, DAY_NS).startNs).toBe(MIN_TIME_NS);
  expect(shardGroupWindow(MAX_TIME_NS, DAY_NS).endNs).toBe(MAX_TIME_NS + 1n);
  expect(shardGroupWindow(MIN_TIME_NS, 40_000n * DAY_NS).startNs).toBe(MIN_TIME_NS);
});

test('every time lies in exactly one window of at most 90 days', () => {
  fc.assert(
    fc.property(anyTime, anyDuration, (timeNs, durationNs) => {
      const window = shardGroupWindow(timeNs, durationNs);
      expect(covers(window, timeNs)).toBe(true);
      expect(window.endNs - window.startNs <= SHARD_WINDOW_NS_MAX).toBe(true);
      expect(window.endNs - window.startNs <= durationNs).toBe(true);
      expect(shardGroupWindow(window.startNs, durationNs)).toEqual(window);
      expect(shardGroupWindow(window.endNs - 1n, durationNs)).toEqual(window);
      if (window.endNs <= MAX_TIME_NS) expect(shardGroupWindow(window.endNs, durationNs).startNs).toBe(window.endNs);
    }),
  );
});

const group = (range: TimeRange): ShardGroup => ({ id: 1, range, replicaCount: 1, shards: [] });

test('shardGroupIndexAt finds the group whose half-open range holds the time', () => {
  const groups = [group(timeRange(0n, 10n)), group(timeRange(10n, 20n)), group(timeRange(30n, 40n))];
  const check = (timeNs: bigint, expected: number): void =>
    expect(shardGroupIndexAt(groups, timeNs), `at ${timeNs}`).toBe(expected);

  check(-1n, -1);
  check(0n, 0);
  check(9n, 0);
  check(10n, 1);
  check(20n, -1);
  check(29n, -1);
  check(30n, 2);
  check(40n, -1);
  expect(shardGroupIndexAt([], 0n)).toBe(-1);
});

test('new groups never overlap the ones that are there, whatever their widths', () => {
  const step = fc.record({
    timeNs: fc.bigInt({ min: -5_000n, max: 5_000n }),
    shardDurationNs: fc.bigInt({ min: 1n, max: 3_000n }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      let shardGroups: readonly ShardGroup[] = [];
      for (const { timeNs, shardDurationNs } of steps) {
        if (shardGroupIndexAt(shardGroups, timeNs) >= 0) continue;
        const range = newShardGroupRange({ shardGroups, shardDurationNs }, timeNs);
        expect(covers(range, timeNs)).toBe(true);
        expect(shardGroups.some((each) => overlaps(each.range, range))).toBe(false);
        shardGroups = [...shardGroups, group(range)].sort((left, right) =>
          Number(left.range.startNs - right.range.startNs),
        );
        expect(shardGroupIndexAt(shardGroups, timeNs)).toBeGreaterThanOrEqual(0);
      }
    }),
  );
});
