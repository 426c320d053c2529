import { assert, type TimestampNs } from '@varve/base';
import type { RetentionPolicy, ShardGroup } from './catalog.ts';
import { sharedRange } from './shared-values.ts';
import { MAX_TIME_NS, MIN_TIME_NS, timeRange, type TimeRange } from './time.ts';

/** No shard is wider, so that a time inside one is an exact float64 offset: 90 days in ns are below 2^53. */
export const SHARD_WINDOW_NS_MAX = 90n * 86_400_000_000_000n;

/** Windows are counted from the year 1, as Go's Time.Truncate does: a week starts on a Monday. */
const YEAR_ONE_NS = -62_135_596_800n * 1_000_000_000n;

/**
 * The window of the shard group that a time belongs to, when windows are `shardDurationNs` wide: aligned as InfluxDB
 * aligns it and clamped to the times a point can have. A window over 90 days is split into equal pieces of at most 90
 * days, and the piece is returned.
 */
export function shardGroupWindow(timeNs: TimestampNs, shardDurationNs: bigint): TimeRange {
  assert(shardDurationNs > 0n, `shard duration ${shardDurationNs} is not positive`);
  assert(MIN_TIME_NS <= timeNs && timeNs <= MAX_TIME_NS, `time ${timeNs} outside of what a point can have`);
  const windowStartNs = timeNs - ((timeNs - YEAR_ONE_NS) % shardDurationNs);
  const pieceNs = ceilDivide(shardDurationNs, ceilDivide(shardDurationNs, SHARD_WINDOW_NS_MAX));
  const startNs = timeNs - ((timeNs - windowStartNs) % pieceNs);
  const windowEndNs = windowStartNs + shardDurationNs;
  return timeRange(greater(startNs, MIN_TIME_NS), lesser(lesser(startNs + pieceNs, windowEndNs), MAX_TIME_NS + 1n));
}

/** Index of the group that covers a time, or −1. Groups ascend and are disjoint. */
export function shardGroupIndexAt(groups: readonly ShardGroup[], timeNs: TimestampNs): number {
  const index = firstStartAfter(groups, timeNs) - 1;
  return index >= 0 && timeNs < groups[index]!.range.endNs ? index : -1;
}

/**
 * The range that a new group for a time gets, where no group covers it yet: its window, cut where it would overlap
 * groups that are there (they may have another width, from before an ALTER).
 */
export function newShardGroupRange(
  policy: Pick<RetentionPolicy, 'shardGroups' | 'shardDurationNs'>,
  timeNs: TimestampNs,
): TimeRange {
  const { shardGroups, shardDurationNs } = policy;
  const nextIndex = firstStartAfter(shardGroups, timeNs);
  const beforeEndNs = shardGroups[nextIndex - 1]?.range.endNs ?? MIN_TIME_NS;
  const nextStartNs = shardGroups[nextIndex]?.range.startNs ?? MAX_TIME_NS + 1n;
  assert(beforeEndNs <= timeNs, `a group covers ${timeNs} already`);
  const window = shardGroupWindow(timeNs, shardDurationNs);
  return sharedRange(timeRange(greater(window.startNs, beforeEndNs), lesser(window.endNs, nextStartNs)));
}

function firstStartAfter(groups: readonly ShardGroup[], timeNs: TimestampNs): number {
  let low = 0;
  let high = groups.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (groups[middle]!.range.startNs <= timeNs) low = middle + 1;
    else high = middle;
  }
  return low;
}

function ceilDivide(dividend: bigint, divisor: bigint): bigint {
  return (dividend + divisor - 1n) / divisor;
}

function greater(left: bigint, right: bigint): bigint {
  return left > right ? left : right;
}

function lesser(left: bigint, right: bigint): bigint {
  return left < right ? left : right;
}
