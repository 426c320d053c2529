import { joinNs, splitNs, timeZoneOf, type TimeZone } from '@varve/model';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { WindowPlan } from './shard-plan.ts';
import { WindowCursor } from './window-cursor.ts';
import { WindowGrid } from './window-grid.ts';
import { neighbourWindowNs, windowCountIn, windowEndNs, windowStartNs } from './window-line.ts';
import { timeZoneWindow } from './time-zone-windows.ts';

const MINUTE_NS = 60_000_000_000n;
const HOUR_NS = 60n * MINUTE_NS;
const DAY_NS = 24n * HOUR_NS;

const nsOf = (text: string): bigint => BigInt(Date.parse(text)) * 1_000_000n;

/** A zone, and a time around which its clock changes: by an hour, half of one, two, at midnight, twice in a month, by a day. */
const CHANGES: readonly (readonly [zone: string, around: string])[] = [
  ['Europe/Berlin', '2023-03-26T01:00:00Z'],
  ['Europe/Berlin', '2023-10-29T01:00:00Z'],
  ['America/New_York', '2021-11-07T06:00:00Z'],
  ['America/Sao_Paulo', '2018-02-18T02:00:00Z'],
  ['America/Sao_Paulo', '2018-11-04T03:00:00Z'],
  ['Australia/Lord_Howe', '2022-04-02T15:00:00Z'],
  ['Australia/Lord_Howe', '2022-10-01T15:30:00Z'],
  ['Antarctica/Troll', '2022-10-30T01:00:00Z'],
  ['Africa/Casablanca', '2023-04-01T00:00:00Z'],
  ['Pacific/Apia', '2011-12-30T10:00:00Z'],
  ['Asia/Kathmandu', '2022-10-30T01:00:00Z'],
];

const zoneOf = (name: string): TimeZone => timeZoneOf(name)!;

/**
 * The starts of windows in [startNs, endNs), found minute by minute: the clock shows a multiple (or jumps over it) for the
 * first time; or shows one again, and windows are not longer than what it was put back by.
 */
function startsByMinutes(window: WindowPlan, zone: TimeZone, startNs: bigint, endNs: bigint): bigint[] {
  const starts: bigint[] = [];
  let [greatest, offsetNs] = [undefined as bigint | undefined, zone.offsetNsAt(startNs)];
  let againUntilNs = startNs;
  for (let atNs = startNs; atNs < endNs; atNs += MINUTE_NS) {
    const nowNs = zone.offsetNsAt(atNs);
    if (offsetNs - nowNs >= window.everyNs) againUntilNs = atNs + offsetNs - nowNs;
    offsetNs = nowNs;
    const shownNs = atNs + nowNs - window.offsetNs;
    const multiple = (shownNs - (((shownNs % window.everyNs) + window.everyNs) % window.everyNs)) / window.everyNs;
    const isAgain = atNs < againUntilNs && shownNs % window.everyNs === 0n;
    if (greatest !== undefined && (multiple > greatest || isAgain)) starts.push(atNs);
    if (greatest === undefined || multiple > greatest) greatest = multiple;
  }
  return starts;
}

const widths = fc.oneof(
  fc.constantFrom(15n, 30n, 60n, 90n, 120n, 360n, 720n, 1440n, 2n * 1440n, 7n * 1440n, 30n * 1440n).map((minutes) => minutes * MINUTE_NS),
  fc.bigInt({ min: 10n, max: 20_000n }).map((minutes) => minutes * MINUTE_NS),
);
const drawn = fc.record({
  change: fc.constantFrom(...CHANGES),
  everyNs: widths,
  offsetNs: fc.oneof(fc.constant(0n), fc.bigInt({ min: -2000n, max: 2000n }).map((minutes) => minutes * MINUTE_NS)),
  beforeMinutes: fc.bigInt({ min: 1n, max: 45n * 1440n }),
});

test('TZ2: windows begin where the clock of the place shows their time first', () => {
  fc.assert(
    fc.property(drawn, ({ change: [name, around], everyNs, offsetNs: shiftNs, beforeMinutes }) => {
      const zone = zoneOf(name);
      const window = { everyNs, offsetNs: shiftNs % everyNs };
      const range = { startNs: nsOf(around) - beforeMinutes * MINUTE_NS, endNs: nsOf(around) + 40n * DAY_NS };
      const zoned = timeZoneWindow(window, zone, range);
      // Found from afar, so that times that were shown before are known.
      const starts = startsByMinutes(window, zone, range.startNs - 2n * everyNs, range.endNs);
      const first = starts.findLast((each) => each <= range.startNs)!;
      let expectedNs = windowStartNs(zoned, range.startNs);
      expect(expectedNs).toBe(first);
      for (const start of starts.filter((each) => each >= first)) {
        expect(start).toBe(expectedNs);
        const endNs = windowEndNs(zoned, start);
        expect([windowStartNs(zoned, start), windowStartNs(zoned, endNs - 1n)]).toEqual([start, start]);
        expect([cursorTo(zoned, start, false), cursorTo(zoned, endNs, true)]).toEqual([endNs, start]);
        expectedNs = neighbourWindowNs(zoned, start, false);
        expect(expectedNs).toBe(endNs);
      }
      expect(windowCountIn(zoned, range.startNs, range.endNs)).toBe(BigInt(starts.filter((each) => each >= first).length));
    }),
    { numRuns: 60 },
  );
});

function cursorTo(window: WindowPlan, startNs: bigint, isDescending: boolean): bigint {
  const cursor = new WindowCursor(window, isDescending);
  const { ms, subNs } = splitNs(startNs);
  cursor.moveTo(ms, subNs);
  cursor.advance();
  return joinNs(cursor.ms, cursor.subNs);
}

test('TZ2: a shard numbers shifted windows as they are on the line of time', () => {
  fc.assert(
    fc.property(drawn, fc.bigInt({ min: 0n, max: 80n * 1440n }), fc.array(fc.bigInt({ min: 0n, max: 90n * DAY_NS - 1n }), { maxLength: 20 }), ({ change: [name, around], everyNs, offsetNs, beforeMinutes }, early, offsets) => {
      const range = { startNs: nsOf(around) - beforeMinutes * MINUTE_NS, endNs: nsOf(around) + 60n * DAY_NS };
      const zoned = timeZoneWindow({ everyNs, offsetNs }, zoneOf(name), range);
      const shardNs = nsOf(around) - early * MINUTE_NS;
      const grid = new WindowGrid(zoned, shardNs);
      let lastIndex = 0;
      for (const at of offsets.sort((left, right) => (left < right ? -1 : 1))) {
        const index = grid.indexOf(Number(at));
        const { ms, subNs } = grid.startsOf([index]);
        expect(joinNs(ms[0]!, subNs[0]!)).toBe(windowStartNs(zoned, shardNs + at));
        expect(BigInt(grid.endOf(index))).toBe(windowEndNs(zoned, shardNs + at) - shardNs);
        expect(index).toBeGreaterThanOrEqual(lastIndex);
        lastIndex = index;
      }
      expect(grid.indexOf(0)).toBe(0);
    }),
  );
});

test('TZ2: hours stay as they are where clocks change by hours, and so does the form of their plan', () => {
  const range = { startNs: nsOf('2000-01-01T00:00:00Z'), endNs: nsOf('2030-01-01T00:00:00Z') };
  const shiftCount = (name: string, everyNs: bigint): number => timeZoneWindow({ everyNs, offsetNs: 0n }, zoneOf(name), range).shifts?.length ?? 0;

  expect(shiftCount('Europe/Berlin', HOUR_NS)).toBe(0);
  expect(shiftCount('Europe/Berlin', 20n * MINUTE_NS)).toBe(0);
  expect(shiftCount('Asia/Kathmandu', DAY_NS)).toBe(0);
  expect(shiftCount('Europe/Berlin', DAY_NS)).toBe(60);
  expect(shiftCount('Australia/Lord_Howe', HOUR_NS)).toBe(60);
});

test('TZ2: windows of all time are few shifts', () => {
  const range = { startNs: -(2n ** 63n), endNs: 2n ** 63n };
  for (const everyNs of [HOUR_NS, DAY_NS, 3650n * DAY_NS, 2n ** 63n - 1n]) {
    const { shifts = [] } = timeZoneWindow({ everyNs, offsetNs: 0n }, zoneOf('Europe/Berlin'), range);
    expect(shifts.length).toBeLessThan(1_000);
    for (const [index, { fromNs, nextNs }] of shifts.entries()) {
      expect(nextNs).toBeGreaterThan(fromNs);
      expect(shifts[index + 1]?.fromNs ?? nextNs).toBeGreaterThan(fromNs);
    }
  }
});
