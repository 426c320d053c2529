import { assert, type TimestampNs } from '@varve/base';
import { splitNs } from './time.ts';

// The clocks of places, from the time zone database that the runtime brings. Offsets are what local time is ahead of UTC,
// in whole seconds. Pure: Temporal is only asked about times that are given.

/** From `atNs` on, the clock is ahead of UTC by `offsetNs`. */
export interface ClockChange {
  readonly atNs: TimestampNs;
  readonly offsetNs: bigint;
}

/** Time in which a clock does not change: [startMs, endMs). */
interface Stretch {
  readonly startMs: number;
  readonly endMs: number;
  readonly offsetMs: number;
}

const NS_PER_MS = 1_000_000n;
const NS_PER_MS_NUMBER = 1_000_000;

/** Every known zone that was asked for: not more than there are names in the database. */
const known = new Map<string, TimeZone>();

/** The zone of that name of the IANA database, old names too, in its exact spelling; undefined: there is none. */
export function timeZoneOf(name: string): TimeZone | undefined {
  const zone = known.get(name) ?? (isZoneName(name) ? new TimeZone(name) : undefined);
  if (zone !== undefined) known.set(name, zone);
  return zone;
}

/** Offsets such as `+01:00`, which Temporal takes too, are no names. */
function isZoneName(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    return EPOCH.toZonedDateTimeISO(name).timeZoneId === name;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

const EPOCH = Temporal.Instant.fromEpochMilliseconds(0);

/** The clock of a place over all time that a point can have. */
export class TimeZone {
  readonly name: string;
  /** The newest answer: times that are asked for lie close together. */
  #stretch: Stretch = { startMs: 0, endMs: 0, offsetMs: 0 };

  constructor(name: string) {
    this.name = name;
  }

  /** What the clock is ahead of UTC at `ms` since 1970, in milliseconds. */
  offsetMsAt(ms: number): number {
    if (!(ms >= this.#stretch.startMs && ms < this.#stretch.endMs)) this.#stretch = this.#stretchAt(Math.floor(ms));
    return this.#stretch.offsetMs;
  }

  /** The same for nanoseconds. Changes fall on whole seconds. */
  offsetNsAt(timeNs: TimestampNs): bigint {
    return BigInt(this.offsetMsAt(splitNs(timeNs).ms)) * NS_PER_MS;
  }

  /** Changes of the clock in (afterNs, untilNs], ascending: one or two a year where there is summer time, else a few a century. */
  changesIn(afterNs: TimestampNs, untilNs: TimestampNs): ClockChange[] {
    const changes: ClockChange[] = [];
    let next = this.#clockAt(splitNs(afterNs).ms).getTimeZoneTransition('next');
    while (next !== null && next.epochNanoseconds <= untilNs) {
      changes.push({ atNs: next.epochNanoseconds, offsetNs: BigInt(next.offsetNanoseconds) });
      next = next.getTimeZoneTransition('next');
    }
    return changes;
  }

  /**
   * The time at which the clock shows `localNs` (nanoseconds as if the place were at UTC). Shown twice: as Go has it, the
   * offset at the UTC time of the same digits decides; never shown: as far behind the change as it was meant to be.
   */
  instantOf(localNs: TimestampNs): TimestampNs {
    const guessNs = this.offsetNsAt(localNs);
    const offsetNs = this.offsetNsAt(localNs - guessNs);
    return localNs - offsetNs;
  }

  #stretchAt(ms: number): Stretch {
    const clock = this.#clockAt(ms);
    const previous = this.#clockAt(ms + 1).getTimeZoneTransition('previous');
    const next = clock.getTimeZoneTransition('next');
    const offsetMs = clock.offsetNanoseconds / NS_PER_MS_NUMBER;
    assert(Number.isInteger(offsetMs), `the clock of ${this.name} is ${offsetMs} ms ahead of UTC`);
    return { startMs: previous?.epochMilliseconds ?? -Infinity, endMs: next?.epochMilliseconds ?? Infinity, offsetMs };
  }

  #clockAt(ms: number): Temporal.ZonedDateTime {
    return Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(this.name);
  }
}
