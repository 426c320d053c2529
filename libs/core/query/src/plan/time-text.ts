import type { TimestampNs } from '@varve/base';
import type { TimeZone } from '@varve/model';

/** Whether a text in a condition on time is taken for a date: it starts with year, month and day. */
export function looksLikeTime(text: string): boolean {
  return /^\d{4}-\d{2}-\d{2}/.test(text);
}

/**
 * `2006-01-02`, `2006-01-02 15:04:05.999999999` (by the clock of `timeZone`, else UTC) or RFC 3339, exact to the nanosecond;
 * undefined when it is none.
 */
export function parseTimeText(text: string, timeZone?: TimeZone): TimestampNs | undefined {
  const parsed = parsedText(text);
  return parsed === undefined || parsed.hasOffset || timeZone === undefined ? parsed?.ns : timeZone.instantOf(parsed.ns);
}

interface ParsedTime {
  readonly ns: TimestampNs;
  /** The text says how far its clock is from UTC. */
  readonly hasOffset: boolean;
}

function parsedText(text: string): ParsedTime | undefined {
  const match = TIME.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, time] = match;
  const date = utcSeconds(Number(year), Number(month), Number(day));
  if (date === undefined || time === undefined) return date === undefined ? undefined : { ns: BigInt(date) * NS_PER_S, hasOffset: false };
  const clock = CLOCK.exec(time);
  if (clock === null) return undefined;
  const [, hour, minute, second, fraction = '', offset] = clock;
  if (time.startsWith('T') !== (offset !== undefined)) return undefined;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined;
  const seconds = date + Number(hour) * 3600 + Number(minute) * 60 + Number(second) - offsetSeconds(offset);
  return { ns: BigInt(seconds) * NS_PER_S + BigInt(fraction.padEnd(9, '0')), hasOffset: offset !== undefined };
}

const NS_PER_S = 1_000_000_000n;
const TIME = /^(\d{4})-(\d{2})-(\d{2})(?:([ T].+))?$/;
const CLOCK = /^[ T](\d{1,2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?(Z|[+-]\d{2}:\d{2})?$/;

/** Midnight UTC in seconds since the epoch; undefined for a day that does not exist. */
function utcSeconds(year: number, month: number, day: number): number | undefined {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  return date.getTime() / 1000;
}

function offsetSeconds(offset: string | undefined): number {
  if (offset === undefined || offset === 'Z') return 0;
  const sign = offset.startsWith('-') ? -1 : 1;
  return sign * (Number(offset.slice(1, 3)) * 3600 + Number(offset.slice(4, 6)) * 60);
}
