import { assert, type TimestampNs } from '@varve/base';

/** The earliest time a point can have, as InfluxDB 1.x has it: two above int64's end. */
export const MIN_TIME_NS: TimestampNs = -9223372036854775806n;
/** The latest time a point can have, as InfluxDB 1.x has it: one below int64's end. */
export const MAX_TIME_NS: TimestampNs = 9223372036854775806n;

const NS_PER_MS = 1_000_000n;

/** Half-open interval [startNs, endNs). Invariant: startNs < endNs. */
export interface TimeRange {
  readonly startNs: TimestampNs;
  readonly endNs: TimestampNs;
}

/** A range that is checked not to be empty. */
export function timeRange(startNs: TimestampNs, endNs: TimestampNs): TimeRange {
  assert(startNs < endNs, `empty time range [${startNs}, ${endNs})`);
  return { startNs, endNs };
}

/** Whether the time lies in the half-open range. */
export function covers(range: TimeRange, atNs: TimestampNs): boolean {
  return range.startNs <= atNs && atNs < range.endNs;
}

/** Whether two half-open ranges share a time. */
export function overlaps(left: TimeRange, right: TimeRange): boolean {
  return left.startNs < right.endNs && right.startNs < left.endNs;
}

/**
 * Times of many rows without a bigint per row. Row i is at `ms[i]` whole milliseconds since the epoch (may be negative)
 * plus `subNs[i]` nanoseconds, 0..999_999. Exact for every int64 nanosecond.
 */
export interface SplitTimes {
  readonly ms: Float64Array;
  readonly subNs: Int32Array;
}

/** One time, as `SplitTimes` holds many. */
export interface SplitTime {
  readonly ms: number;
  readonly subNs: number;
}

/** Nanoseconds as whole milliseconds (rounded down) and the rest, 0..999_999. */
export function splitNs(timeNs: TimestampNs): SplitTime {
  let subNs = timeNs % NS_PER_MS;
  if (subNs < 0n) subNs += NS_PER_MS;
  return { ms: Number((timeNs - subNs) / NS_PER_MS), subNs: Number(subNs) };
}

/**
 * Puts the time that is an offset after a start, up to the width of a shard, at an index of times. Exact: the sum and the product are below
 * 2^53, and the quotient is put right where it was rounded up.
 */
export function putTimeAfter({ ms, subNs }: SplitTime, offsetNs: number, times: { readonly ms: number[]; readonly subNs: number[] }, index: number): void {
  const fromMs = subNs + offsetNs;
  const quotient = Math.floor(fromMs / 1_000_000);
  const rest = fromMs - quotient * 1_000_000;
  times.ms[index] = ms + (rest < 0 ? quotient - 1 : quotient);
  times.subNs[index] = rest < 0 ? rest + 1_000_000 : rest;
}

/** The inverse of {@link splitNs}. */
export function joinNs(ms: number, subNs: number): TimestampNs {
  return BigInt(ms) * NS_PER_MS + BigInt(subNs);
}

const NS_PER_S = 1_000_000_000n;

/** A time as RFC 3339 in whole seconds, rounded down, for texts that people read. */
export function formatTime(timeNs: TimestampNs): string {
  const seconds = (timeNs - (((timeNs % NS_PER_S) + NS_PER_S) % NS_PER_S)) / NS_PER_S;
  return new Date(Number(seconds) * 1000).toISOString().replace('.000Z', 'Z');
}
