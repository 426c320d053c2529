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
  const midnightS = midnightSeconds(text);
  if (midnightS === undefined) return undefined;
  if (text.length === DATE_LENGTH) return { ns: BigInt(midnightS) * NS_PER_S, hasOffset: false };
  const clock = parsedClock(text);
  return clock && { ns: BigInt(midnightS + clock.seconds) * NS_PER_S + BigInt(clock.ns), hasOffset: clock.hasOffset };
}

/** Midnight UTC of the date that a text begins with, in seconds since the epoch; undefined for a day that does not exist. */
function midnightSeconds(text: string): number | undefined {
  // Another 400 years on, because Date takes two-digit years for those of the last century.
  const [year, month, day] = [numberAt(text, 0, 4) + 400, numberAt(text, 5, 2), numberAt(text, 8, 2)];
  if (text[4] !== '-' || text[7] !== '-') return undefined;
  const midnightMs = Date.UTC(year, month - 1, day);
  const isDay = month >= 1 && month <= 12 && day >= 1 && midnightMs < Date.UTC(year, month, 1);
  return isDay ? midnightMs / 1000 - SECONDS_PER_400_YEARS : undefined;
}

/** What stands behind a date: ` h:mm:ss`, ` hh:mm:ss.fffffffff` or, with the distance from UTC, `Thh:mm:ss+hh:mm`. */
function parsedClock(text: string): { readonly seconds: number; readonly ns: number; readonly hasOffset: boolean } | undefined {
  const hourEnd = text[DATE_LENGTH + 2] === ':' ? DATE_LENGTH + 2 : DATE_LENGTH + 3;
  const [hour, minute, second] = [numberAt(text, DATE_LENGTH + 1, hourEnd - DATE_LENGTH - 1), numberAt(text, hourEnd + 1, 2), numberAt(text, hourEnd + 4, 2)];
  if (text[hourEnd] !== ':' || text[hourEnd + 3] !== ':' || !(hour <= 23 && minute <= 59 && second <= 59)) return undefined;
  const secondEnd = hourEnd + 6;
  const digitCount = text[secondEnd] === '.' ? digitCountAt(text, secondEnd + 1) : 0;
  const end = digitCount === 0 ? secondEnd : secondEnd + 1 + digitCount;
  const offset = offsetSeconds(text, end);
  const hasOffset = end < text.length;
  if (digitCount > 9 || offset === undefined || text[DATE_LENGTH] !== (hasOffset ? 'T' : ' ')) return undefined;
  const ns = digitCount === 0 ? 0 : numberAt(text, secondEnd + 1, digitCount) * 10 ** (9 - digitCount);
  return { seconds: hour * 3600 + minute * 60 + second - offset, ns, hasOffset };
}

/** How far the clock of a text is from UTC, which it says from `start` to its end; undefined when something else stands there. */
function offsetSeconds(text: string, start: number): number | undefined {
  if (start === text.length || (text[start] === 'Z' && start + 1 === text.length)) return 0;
  const seconds = numberAt(text, start + 1, 2) * 3600 + numberAt(text, start + 4, 2) * 60;
  if (Number.isNaN(seconds) || text[start + 3] !== ':' || text.length !== start + 6) return undefined;
  if (text[start] === '-') return -seconds;
  return text[start] === '+' ? seconds : undefined;
}

/** The number of so many decimal digits; NaN where others stand. */
function numberAt(text: string, start: number, digitCount: number): number {
  let value = 0;
  for (let offset = start; offset < start + digitCount; offset += 1) {
    const digit = digitAt(text, offset);
    if (digit === undefined) return NaN;
    value = value * 10 + digit;
  }
  return value;
}

function digitCountAt(text: string, start: number): number {
  let end = start;
  while (digitAt(text, end) !== undefined) end += 1;
  return end - start;
}

function digitAt(text: string, offset: number): number | undefined {
  const digit = text.charCodeAt(offset) - 0x30;
  return digit >= 0 && digit <= 9 ? digit : undefined;
}

const NS_PER_S = 1_000_000_000n;
const DATE_LENGTH = 'yyyy-mm-dd'.length;
const SECONDS_PER_400_YEARS = 146_097 * 86_400;
