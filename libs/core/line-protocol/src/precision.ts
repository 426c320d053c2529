import type { TimestampNs } from '@varve/base';
import { MAX_TIME_NS, MIN_TIME_NS } from '@varve/model';

/** The unit of a body's times. */
export type Precision = 'n' | 'u' | 'ms' | 's' | 'm' | 'h';

export const NS_PER_UNIT: Readonly<Record<Precision, bigint>> = {
  n: 1n,
  u: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};

/** Whole units to nanoseconds, or the reason why no point can have that time. */
export function toTimeNs(units: bigint, precision: Precision): TimestampNs | { readonly reason: string } {
  const timeNs = units * NS_PER_UNIT[precision];
  const isInRange = MIN_TIME_NS <= timeNs && timeNs <= MAX_TIME_NS;
  return isInRange ? timeNs : { reason: `time outside range ${MIN_TIME_NS} - ${MAX_TIME_NS}` };
}

/** The start of the unit that a time lies in: what a line without a time gets. */
export function truncateTo(timeNs: TimestampNs, precision: Precision): TimestampNs {
  const unitNs = NS_PER_UNIT[precision];
  const beyondNs = timeNs % unitNs;
  return timeNs - (beyondNs < 0n ? beyondNs + unitNs : beyondNs);
}
