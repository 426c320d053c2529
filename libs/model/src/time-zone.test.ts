import { expect, test } from 'vitest';
import { timeZoneOf, type TimeZone } from './time-zone.ts';

const ZONES = ['Europe/Berlin', 'America/Sao_Paulo', 'Australia/Lord_Howe', 'Africa/Casablanca', 'Pacific/Apia', 'Asia/Kathmandu', 'UTC'];

function zoneOf(name: string): TimeZone {
  const zone = timeZoneOf(name);
  if (zone === undefined) throw new Error(`no zone ${name}`);
  return zone;
}

const nsOf = (text: string): bigint => BigInt(Date.parse(text)) * 1_000_000n;

test('TZ1: zones have the names of the IANA database, old ones too, in their spelling', () => {
  const check = (name: string, isKnown: boolean): void => expect(timeZoneOf(name)?.name, name).toBe(isKnown ? name : undefined);

  check('Europe/Berlin', true);
  check('Asia/Calcutta', true); // an old name
  check('US/Pacific', true);
  check('EST5EDT', true);
  check('Etc/GMT+5', true);
  check('europe/berlin', false);
  check('+01:00', false);
  check('Nowhere/X', false);
  check('Local', false);
  check('', false);
});

/** What another part of the runtime says of the same clock. */
function offsetMsByIntl(name: string, ms: number): number {
  const parts = new Intl.DateTimeFormat('en-u-ca-iso8601-hc-h23', { timeZone: name, year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' }).formatToParts(ms);
  const part = (type: string): number => Number(parts.find((each) => each.type === type)!.value);
  return Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second')) - Math.floor(ms / 1000) * 1000;
}

test.each(ZONES)('TZ1: the offset of %s is that of its clock, whatever was asked before', (name) => {
  const zone = zoneOf(name);
  const day = 86_400_000;
  for (let ms = Date.UTC(2009, 0, 1); ms < Date.UTC(2013, 0, 1); ms += 3.37 * day) {
    const jumped = ms + (Math.floor(ms / day) % 2) * 900 * day;
    expect(zone.offsetMsAt(jumped), `${name} at ${jumped}`).toBe(offsetMsByIntl(name, jumped));
  }
});

test.each(ZONES)('TZ1: the changes of %s are where its offset changes, and nowhere else', (name) => {
  const zone = zoneOf(name);
  const [from, until] = [nsOf('2010-01-01T00:00:00Z'), nsOf('2012-06-01T00:00:00Z')];
  let offsetNs = zone.offsetNsAt(from);
  for (const { atNs, offsetNs: next } of zone.changesIn(from, until)) {
    expect([zone.offsetNsAt(atNs - 1n), zone.offsetNsAt(atNs)]).toEqual([offsetNs, next]);
    offsetNs = next;
  }
  expect(zone.offsetNsAt(until)).toBe(offsetNs);
});

test('TZ1: changes are of (after, until]', () => {
  const zone = zoneOf('Europe/Berlin');
  const change = nsOf('2023-03-26T01:00:00Z');
  const count = (afterNs: bigint, untilNs: bigint): number => zone.changesIn(afterNs, untilNs).length;

  expect(count(change - 1n, change)).toBe(1);
  expect(count(change, change + 1n)).toBe(0);
  expect(count(change - 2n, change - 1n)).toBe(0);
});

test('TZ1: a local time is an instant, as Go has it where the clock shows it twice or never', () => {
  const check = (name: string, local: string, expected: string): void => expect(zoneOf(name).instantOf(nsOf(`${local}Z`)), `${local} in ${name}`).toBe(nsOf(expected));

  check('Europe/Berlin', '2023-07-01T12:00:00', '2023-07-01T10:00:00Z');
  check('Europe/Berlin', '2023-10-29T02:30:00', '2023-10-29T01:30:00Z'); // twice: the second one
  check('Europe/Berlin', '2023-03-26T02:30:00', '2023-03-26T01:30:00Z'); // never: half an hour behind the change
  check('America/New_York', '2023-11-05T01:30:00', '2023-11-05T05:30:00Z'); // twice: the first one
  check('Asia/Kathmandu', '2023-01-01T00:00:00', '2022-12-31T18:15:00Z');
});
