import { joinNs, timeZoneOf, type TimeZone } from '@varve/model';
import { calendarDate } from './calendar-date.ts';
import { putDigits, type OutputBuffer } from './output-buffer.ts';

/** Units that `epoch=` takes. */
export type EpochUnit = 'ns' | 'u' | 'ms' | 's' | 'm' | 'h';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const MILLION = 1_000_000;
/** Of what is smaller than a millisecond the milliseconds are counted, and what is left is written behind them. */
const UNIT_MS: Readonly<Record<EpochUnit, number>> = { ns: 1, u: 1, ms: 1, s: 1_000, m: MINUTE_MS, h: 3_600_000 };
const DASH = 0x2d;
const DOT = 0x2e;
const COLON = 0x3a;
const LETTER_T = 0x54;
/** `2020-09-13T12:26:40` */
const SECONDS_SIZE_BYTES = 19;

/**
 * Writes times of an answer: whole numbers of a unit, or RFC 3339 with as many digits as the nanoseconds need. Most
 * times of an answer share their day with the one before, so its date is kept.
 */
export class TimeWriter {
  readonly #epoch: EpochUnit | undefined;
  /** Whole millions of the count before. NaN: there was none. */
  #millions = NaN;
  /** Without their six zeros. */
  #millionsText = '';
  /** By the clock of the zone. NaN: there was none. */
  #dayStartMs = NaN;
  /** Of that day, with a year of four digits. */
  #date = calendarDate(0);
  #timeZone: TimeZone | undefined;
  /** Of the zone's clock at the time before. */
  #offsetMs = 0;
  /** `Z` or `+01:00`. */
  #offsetText = 'Z';

  constructor(epoch: EpochUnit | undefined) {
    this.#epoch = epoch;
  }

  get isText(): boolean {
    return this.#epoch === undefined;
  }

  /** Writes RFC 3339 times by the clock of a time zone from now on; undefined: UTC. */
  setTimeZone(name: string | undefined): void {
    if (this.#timeZone?.name === name) return;
    this.#timeZone = name === undefined ? undefined : timeZoneOf(name);
  }

  /** The time that is `ms` whole milliseconds since 1970, rounded down, and `subNs` nanoseconds, 0..999_999. */
  write(out: OutputBuffer, ms: number, subNs: number): void {
    if (this.#epoch === undefined) return this.#writeText(out, ms, subNs);
    const unitCount = ms / UNIT_MS[this.#epoch];
    if (unitCount >= MILLION) this.#writeLong(out, Math.floor(unitCount), subNs);
    else out.ascii(String(epochCount(this.#epoch, ms, subNs)));
  }

  /** A count of more than six digits, all but the last ones of which are those of the time before, most often. */
  #writeLong(out: OutputBuffer, count: number, subNs: number): void {
    let rest = count - this.#millions;
    if (!(rest >= 0 && rest < MILLION)) {
      const millionCount = Math.floor(count / MILLION);
      this.#millions = millionCount * MILLION;
      this.#millionsText = String(millionCount);
      rest = count - this.#millions;
    }
    out.ascii(this.#millionsText);
    out.digits(rest, 6);
    if (this.#epoch === 'ns') out.digits(subNs, 6);
    else if (this.#epoch === 'u') out.digits((subNs / 1_000) | 0, 3);
  }

  #writeText(out: OutputBuffer, ms: number, subNs: number): void {
    const offsetMs = this.#timeZone === undefined ? 0 : this.#timeZone.offsetMsAt(ms);
    if (offsetMs !== this.#offsetMs) this.#moveClock(offsetMs);
    const localMs = ms + offsetMs;
    if (!(localMs >= this.#dayStartMs && localMs < this.#dayStartMs + DAY_MS)) this.#enterDay(Math.floor(localMs / DAY_MS));
    const { year, month, dayOfMonth } = this.#date;
    const inDayMs = (localMs - this.#dayStartMs) | 0;
    const second = (inDayMs / 1_000) | 0;
    const minute = (second / 60) | 0;
    const hour = (minute / 60) | 0;
    const fractionMs = inDayMs - second * 1_000;
    const bytes = out.reserve(SECONDS_SIZE_BYTES);
    const at = out.length;
    putDigits(bytes, at, year, 4);
    bytes[at + 4] = DASH;
    putDigits(bytes, at + 5, month, 2);
    bytes[at + 7] = DASH;
    putDigits(bytes, at + 8, dayOfMonth, 2);
    bytes[at + 10] = LETTER_T;
    putDigits(bytes, at + 11, hour, 2);
    bytes[at + 13] = COLON;
    putDigits(bytes, at + 14, minute - hour * 60, 2);
    bytes[at + 16] = COLON;
    putDigits(bytes, at + 17, second - minute * 60, 2);
    out.advance(SECONDS_SIZE_BYTES);
    if (fractionMs > 0 || subNs > 0) writeFraction(out, fractionMs * 1_000_000 + subNs);
    out.ascii(this.#offsetText);
  }

  #enterDay(dayIndex: number): void {
    this.#dayStartMs = dayIndex * DAY_MS;
    this.#date = calendarDate(dayIndex);
  }

  #moveClock(offsetMs: number): void {
    this.#offsetMs = offsetMs;
    this.#offsetText = offsetText(offsetMs);
  }
}

/** As Go writes it: whole minutes, and `Z` for none. */
function offsetText(offsetMs: number): string {
  if (offsetMs === 0) return 'Z';
  const minutes = Math.trunc(Math.abs(offsetMs) / MINUTE_MS);
  const [hour, minute] = [Math.trunc(minutes / 60), minutes % 60].map((part) => String(part).padStart(2, '0'));
  return `${offsetMs < 0 ? '-' : '+'}${hour}:${minute}`;
}

/** Nanoseconds of a second, 1..999_999_999, without zeros at the end. */
function writeFraction(out: OutputBuffer, ns: number): void {
  let digitCount = 9;
  let rest = ns;
  while (rest % 10 === 0) {
    rest /= 10;
    digitCount -= 1;
  }
  out.byte(DOT);
  out.digits(rest, digitCount);
}

/** Whole units since 1970, rounded towards zero, as Go divides. */
export function epochCount(unit: EpochUnit, ms: number, subNs: number): number | bigint {
  if (unit === 'ns') return joinNs(ms, subNs);
  if (unit === 'u') return joinNs(ms, subNs) / 1_000n;
  const wholeMs = ms < 0 && subNs > 0 ? ms + 1 : ms;
  return Math.trunc(wholeMs / UNIT_MS[unit]);
}
