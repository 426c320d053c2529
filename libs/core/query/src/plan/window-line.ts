import type { TimestampNs } from '@varve/base';
import type { WindowPlan, WindowShift } from './shard-plan.ts';

// The windows of a query on the line of time, exact. They cover it without gaps; a shift (TZ2) changes the rhythm.

/** Windows of equal length but for the first and the last: [startNs, nextNs), then from nextNs + k × every, until endNs. */
interface WindowRun {
  readonly startNs: TimestampNs;
  readonly nextNs: TimestampNs;
  /** undefined: for ever. */
  readonly endNs: TimestampNs | undefined;
}

/** When the window that holds a time starts. It may lie before the earliest time a point can have. */
export function windowStartNs(window: WindowPlan, timeNs: TimestampNs): TimestampNs {
  const shift = window.shifts?.[newestShift(window.shifts, timeNs)];
  if (shift === undefined) return alignedNs(window, window.offsetNs, timeNs);
  return timeNs < shift.nextNs ? shift.fromNs : alignedNs(window, shift.nextNs, timeNs);
}

/** When the window that holds a time is over, and the next one starts. */
export function windowEndNs(window: WindowPlan, timeNs: TimestampNs): TimestampNs {
  const { shifts = [], everyNs } = window;
  const index = newestShift(shifts, timeNs);
  const shift = shifts[index];
  const isFirst = shift !== undefined && timeNs < shift.nextNs;
  const endNs = isFirst ? shift.nextNs : alignedNs(window, shift?.nextNs ?? window.offsetNs, timeNs) + everyNs;
  return earlier(endNs, shifts[index + 1]?.fromNs);
}

/** When the window behind (or before) the one that starts at `startNs` starts. */
export function neighbourWindowNs(window: WindowPlan, startNs: TimestampNs, isBefore: boolean): TimestampNs {
  if (window.shifts === undefined) return isBefore ? startNs - window.everyNs : startNs + window.everyNs;
  return isBefore ? windowStartNs(window, startNs - 1n) : windowEndNs(window, startNs);
}

/** As far into the window that is so many behind (or before, below 0) as a time is into its own. */
export function windowsAway(window: WindowPlan, timeNs: TimestampNs, count: number): TimestampNs {
  if (window.shifts === undefined) return timeNs + BigInt(count) * window.everyNs;
  const startNs = windowStartNs(window, timeNs);
  let awayNs = startNs;
  for (let step = 0; step < Math.abs(count); step += 1) awayNs = neighbourWindowNs(window, awayNs, count < 0);
  return awayNs + timeNs - startNs;
}

/** How many windows [startNs, endNs) meets; it must not be empty. */
export function windowCountIn(window: WindowPlan, startNs: TimestampNs, endNs: TimestampNs): bigint {
  return windowRuns(window, startNs, endNs).reduce((count, run) => count + windowCountOf(window, run, endNs), 0n);
}

/** How many windows of a run start before `endNs`. */
export function windowCountOf({ everyNs }: WindowPlan, { nextNs, endNs: ownEndNs }: WindowRun, endNs: TimestampNs): bigint {
  const restNs = (ownEndNs ?? endNs) - nextNs;
  return restNs <= 0n ? 1n : 1n + (restNs + everyNs - 1n) / everyNs;
}

/** The windows that [startNs, endNs) meets, in order. */
export function windowRuns(window: WindowPlan, startNs: TimestampNs, endNs: TimestampNs): WindowRun[] {
  const shifts = window.shifts?.filter(({ fromNs }) => fromNs > startNs && fromNs < endNs) ?? [];
  const starts: readonly WindowShift[] = [{ fromNs: windowStartNs(window, startNs), nextNs: windowEndNs(window, startNs) }, ...shifts];
  return starts.map(({ fromNs, nextNs }, index) => {
    const followingNs = starts[index + 1]?.fromNs;
    return { startNs: fromNs, nextNs: earlier(nextNs, followingNs), endNs: followingNs };
  });
}

/** The last `anchorNs` + k × every that is not after a time. */
export function alignedNs({ everyNs }: WindowPlan, anchorNs: TimestampNs, timeNs: TimestampNs): TimestampNs {
  const rest = (timeNs - anchorNs) % everyNs;
  return timeNs - (rest < 0n ? rest + everyNs : rest);
}

function earlier(timeNs: TimestampNs, other: TimestampNs | undefined): TimestampNs {
  return other !== undefined && other < timeNs ? other : timeNs;
}

/** The index of the last shift that is not after a time; -1: none is. */
function newestShift(shifts: readonly WindowShift[], timeNs: TimestampNs): number {
  let low = 0;
  let high = shifts.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (shifts[middle]!.fromNs <= timeNs) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
