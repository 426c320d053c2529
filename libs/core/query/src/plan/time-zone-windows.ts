import type { TimestampNs } from '@varve/base';
import type { ClockChange, TimeRange, TimeZone } from '@varve/model';
import type { WindowPlan, WindowShift } from './shard-plan.ts';
import { alignedNs, windowEndNs, windowStartNs } from './window-line.ts';

/**
 * Windows by the clock of a place, for times in a range (TZ2). A window begins when the clock first shows offset + k × every.
 * Where the clock jumps forward over one of those times, one begins at the jump. Where it goes back, times that it shows
 * again begin no window, unless windows are not longer than the change: so days have 23 or 25 hours, and hours stay hours.
 */
export function timeZoneWindow(window: WindowPlan, timeZone: TimeZone, range: TimeRange): WindowPlan {
  // The first and the last window reach over the ends of the range.
  const fromNs = range.startNs - 2n * window.everyNs;
  const untilNs = range.endNs + window.everyNs;
  let offsetNs = timeZone.offsetNsAt(clamped(fromNs));
  let shifted: WindowPlan = { everyNs: window.everyNs, offsetNs: window.offsetNs - offsetNs };
  for (const change of timeZone.changesIn(clamped(fromNs), clamped(untilNs))) {
    const shift = shiftAt(window, shifted, { ...change, beforeNs: offsetNs });
    offsetNs = change.offsetNs;
    if (shift !== undefined) shifted = withShift(shifted, shift);
  }
  return shifted;
}

interface Change extends ClockChange {
  readonly beforeNs: bigint;
}

/** The window that holds the change, and the next one; undefined when the rhythm stays. */
function shiftAt(window: WindowPlan, shifted: WindowPlan, { atNs, beforeNs, offsetNs }: Change): WindowShift | undefined {
  const { everyNs } = window;
  const isJumpedOver = offsetNs > beforeNs && alignedNs(window, window.offsetNs, atNs + offsetNs - 1n) >= atNs + beforeNs;
  const fromNs = isJumpedOver ? atNs : windowStartNs(shifted, atNs - 1n);
  const backNs = beforeNs - offsetNs;
  const freshNs = backNs > 0n && backNs < everyNs ? atNs + backNs : atNs;
  const alignedFromNs = alignedNs(window, window.offsetNs - offsetNs, freshNs - 1n) + everyNs;
  const nextNs = alignedFromNs === fromNs ? fromNs + everyNs : alignedFromNs;
  const isKept = windowStartNs(shifted, fromNs) === fromNs && windowEndNs(shifted, fromNs) === nextNs;
  return isKept ? undefined : { fromNs, nextNs };
}

/** Two changes inside one window are one shift. */
function withShift(window: WindowPlan, shift: WindowShift): WindowPlan {
  const shifts = window.shifts ?? [];
  return { ...window, shifts: [...(shifts.at(-1)?.fromNs === shift.fromNs ? shifts.slice(0, -1) : shifts), shift] };
}

/** Times that a clock is asked about: a little more than points can have. */
function clamped(timeNs: TimestampNs): TimestampNs {
  if (timeNs < -CLOCK_NS_MAX) return -CLOCK_NS_MAX;
  return timeNs > CLOCK_NS_MAX ? CLOCK_NS_MAX : timeNs;
}

const CLOCK_NS_MAX = 10n ** 19n;
