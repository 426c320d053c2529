import type { TimestampNs } from '@varve/base';
import type { NodeId } from './ids.ts';
import type { TimeRange } from './time.ts';

/*
 * A catalog of many databases says the same again and again: groups of the same window, shards on the same nodes. What is
 * never changed need not be there twice, so equal values of these two kinds are one object in a process.
 *
 * Each table is bounded, and begins anew when it is full: what was shared before stays as it is.
 */
const KEPT_COUNT_MAX = 4_096;

const ranges = new Map<TimestampNs, TimeRange>();
const owners = new Map<string, readonly NodeId[]>();

/** The range itself, or an equal one from before. */
export function sharedRange(range: TimeRange): TimeRange {
  const known = ranges.get(range.startNs);
  return known?.endNs === range.endNs ? known : keep(ranges, range.startNs, range);
}

/** The owners themselves, or equal ones from before. */
export function sharedOwners(given: readonly NodeId[]): readonly NodeId[] {
  const key = given.join();
  return owners.get(key) ?? keep(owners, key, given.slice()); // a copy has no room to grow
}

function keep<Key, Value>(table: Map<Key, Value>, key: Key, value: Value): Value {
  if (table.size >= KEPT_COUNT_MAX) table.clear();
  table.set(key, value);
  return value;
}
