import { joinNs, timeZoneOf, type TimeZone } from '@varve/model';
import type { OutputBuffer } from './output-buffer.ts';

/** Units that `epoch=` takes. */
export type EpochUnit = 'ns' | 'u' | 'ms' | 's' | 'm' | 'h';

const MINUTE_MS = 60_000;
const MILLION = 1_000_000;
const UNIT_MS: Readonly<Record<Exclude<EpochUnit, 'ns' | 'u'>, number>> = { ms: 1, s: 1_000, m: MINUTE_MS, h: 3_600_000 };
const DOT = 0x2e;

/**
 * Writes times of an answer: whole numbers of a unit, or RFC 3339 with as many digits as the nanoseconds need. Most
 * times of an answer share their minute with the one before, so its text is kept.
 */
export class TimeWriter {
  readonly #epoch: EpochUnit | undefined;
  /** NaN: there was none. */
  #millionMs = NaN;
  /** Its digits. */
  #millionText = '';
  /** NaN: there was none. */
  #minuteStartMs = NaN;
  /** `2020-09-13T12:26:` */
  #minuteText = '';
  #timeZone: TimeZone | undefined;
  /** Of the zone's clock in that minute. */
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
    this.#minuteStartMs = NaN;
  }

  /** The time that is `ms` whole milliseconds since 1970, rounded down, and `subNs` nanoseconds, 0..999_999. */
  write(out: OutputBuffer, ms: number, subNs: number): void {
    if (this.#epoch === undefined) this.#writeText(out, ms, subNs);
    else if (ms >= MILLION && (this.#epoch === 'ns' || this.#epoch === 'u')) this.#writeLong(out, ms, subNs);
    else out.ascii(String(epochCount(this.#epoch, ms, subNs)));
  }

  /** Nanoseconds or microseconds: all but the last digits are those of the time before, most often. */
  #writeLong(out: OutputBuffer, ms: number, subNs: number): void {
    let rest = ms - this.#millionMs;
    if (!(rest >= 0 && rest < MILLION)) {
      const millions = Math.floor(ms / MILLION);
      this.#millionMs = millions * MILLION;
      this.#millionText = String(millions);
      rest = ms - this.#millionMs;
    }
    out.ascii(this.#millionText);
    out.digits(rest, 6);
    if (this.#epoch === 'ns') out.digits(subNs, 6);
    else out.digits((subNs / 1_000) | 0, 3);
  }

  #writeText(out: OutputBuffer, ms: number, subNs: number): void {
    let inMinuteMs = ms - this.#minuteStartMs;
    const offsetMs = this.#timeZone === undefined ? 0 : this.#timeZone.offsetMsAt(ms);
    if (!(inMinuteMs >= 0 && inMinuteMs < MINUTE_MS && offsetMs === this.#offsetMs)) {
      this.#enterMinute(ms, offsetMs);
      inMinuteMs = ms - this.#minuteStartMs;
    }
    const second = (inMinuteMs / 1_000) | 0;
    const fractionMs = inMinuteMs - second * 1_000;
    out.ascii(this.#minuteText);
    out.digits(second, 2);
    if (fractionMs > 0 || subNs > 0) writeFraction(out, fractionMs * 1_000_000 + subNs);
    out.ascii(this.#offsetText);
  }

  #enterMinute(ms: number, offsetMs: number): void {
    const localMs = Math.floor((ms + offsetMs) / MINUTE_MS) * MINUTE_MS;
    this.#minuteStartMs = localMs - offsetMs;
    this.#offsetMs = offsetMs;
    this.#minuteText = new Date(localMs).toISOString().slice(0, 17);
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
