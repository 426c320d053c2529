import { timeZoneOf } from '@varve/model';
import { expect, test } from 'vitest';
import { looksLikeTime, parseTimeText } from './time-text.ts';

const nsOf = (text: string): bigint => BigInt(Date.parse(text)) * 1_000_000n;

test('a time is a date, a date and a time of day, or RFC 3339, exact to the nanosecond', () => {
  const check = (text: string, expected: bigint | undefined): void => expect(parseTimeText(text), text).toBe(expected);

  check('2026-03-01', nsOf('2026-03-01T00:00:00Z'));
  check('1969-12-31', -86_400_000_000_000n);
  check('0000-02-29', nsOf('0000-02-29T00:00:00Z')); // there is a year 0, and it is a leap year
  check('0099-12-31 23:59:59', nsOf('0099-12-31T23:59:59Z')); // not 1999
  check('9999-12-31T23:59:59.999999999Z', nsOf('9999-12-31T23:59:59Z') + 999_999_999n);
  check('2026-03-01 1:02:03', nsOf('2026-03-01T01:02:03Z'));
  check('2026-03-01T1:02:03Z', nsOf('2026-03-01T01:02:03Z'));
  check('2026-03-01 01:02:03.000000001', nsOf('2026-03-01T01:02:03Z') + 1n);
  check('1969-12-31T23:59:59.5Z', -500_000_000n);
  check('2026-03-01T01:02:03.25+05:30', nsOf('2026-02-28T19:32:03Z') + 250_000_000n);
  check('2026-03-01T01:02:03-00:30', nsOf('2026-03-01T01:32:03Z'));

  check('', undefined);
  check('2026-3-01', undefined);
  check('2026-02-29', undefined); // no such day
  check('1900-02-29', undefined);
  check('2026-13-01', undefined);
  check('2026-00-01', undefined);
  check('2026-01-00', undefined);
  check('2026-01-1', undefined);
  check('2026/01/01', undefined);
  check('2026-01-01 ', undefined);
  check('2026-01-01T', undefined);
  check('2026-01-01T01:02:03', undefined); // with a T it needs an offset, with a blank it must not have one
  check('2026-01-01 01:02:03Z', undefined);
  check('2026-01-01 24:00:00', undefined);
  check('2026-01-01 00:60:00', undefined);
  check('2026-01-01 00:00:60', undefined);
  check('2026-01-01 00:00', undefined);
  check('2026-01-01 00:00:00.', undefined);
  check('2026-01-01 00:00:00.0000000001', undefined);
  check('2026-01-01T00:00:00Zulu', undefined);
  check('2026-01-01T00:00:00+0100', undefined);
  check('2026-01-01T00:00:00+01:0', undefined);
  check('2026-01-01T00:00:00*01:00', undefined);
  check('2026-01-01 00:00:00\n', undefined);
});

test('a place tells what a clock means where the text does not', () => {
  const berlin = timeZoneOf('Europe/Berlin')!;
  expect(parseTimeText('2026-07-01', berlin)).toBe(nsOf('2026-06-30T22:00:00Z'));
  expect(parseTimeText('2026-07-01 12:00:00', berlin)).toBe(nsOf('2026-07-01T10:00:00Z'));
  expect(parseTimeText('2026-07-01T12:00:00Z', berlin)).toBe(nsOf('2026-07-01T12:00:00Z'));
});

test('what begins as a date does is taken for one', () => {
  expect(['2026-01-01', '2026-99-99x'].map(looksLikeTime)).toEqual([true, true]);
  expect(['26-01-01', '', ' 2026-01-01'].map(looksLikeTime)).toEqual([false, false, false]);
});
