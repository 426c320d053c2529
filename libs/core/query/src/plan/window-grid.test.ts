import fc from 'fast-check';
import { expect, test } from 'vitest';
import { joinNs, splitNs } from '@varve/model';
import { WindowCursor } from './window-cursor.ts';
import { WindowGrid } from './window-grid.ts';
import { windowStartNs } from './window-line.ts';

test('QC6: window numbers stand for the exact windows, at every width and offset', () => {
  const shardNs = fc.bigInt({ min: -9_000_000_000_000_000_000n, max: 9_000_000_000_000_000_000n });
  const widths = fc.oneof(fc.bigInt({ min: 1n, max: 100n }), fc.bigInt({ min: 1n, max: 10_000_000_000_000_000n }), fc.constant(2n ** 62n));
  const offsets = fc.bigInt({ min: 0n, max: 7_776_000_000_000_000n });
  fc.assert(
    fc.property(shardNs, widths, fc.bigInt({ min: -1_000_000n, max: 1_000_000n }), offsets, (startNs, everyNs, offsetNs, atNs) => {
      const window = { everyNs, offsetNs };
      const grid = new WindowGrid(window, startNs);
      const index = grid.indexOf(Number(atNs));
      expect(startOf(grid, index)).toBe(windowStartNs(window, startNs + atNs));
      expect(grid.endOf(index)).toBeGreaterThan(Number(atNs));
    }),
  );
});

test('a window is half-open and counted from the epoch', () => {
  const check = (timeNs: bigint, expected: bigint): void => expect(windowStartNs({ everyNs: 10n, offsetNs: 3n }, timeNs), `at ${timeNs}`).toBe(expected);

  check(3n, 3n); // the start is inside
  check(12n, 3n);
  check(13n, 13n); // the end is outside
  check(2n, -7n); // before the epoch too
  check(-7n, -7n);
  check(-8n, -17n);
});

test('without windows everything is one', () => {
  const grid = new WindowGrid(undefined, 5n);
  expect([grid.indexOf(0), grid.indexOf(7e15), grid.endOf(0), startOf(grid, 0)]).toEqual([0, 0, Infinity, 0n]);
});

test('QC6: a cursor goes from window to window as the grid counts them', () => {
  const windows = fc.record({ everyNs: fc.oneof(fc.bigInt({ min: 1n, max: 100n }), fc.bigInt({ min: 1n, max: 10n ** 18n })), offsetNs: fc.constant(0n) });
  fc.assert(
    fc.property(windows, fc.bigInt({ min: -(10n ** 18n), max: 10n ** 18n }), fc.boolean(), fc.integer({ min: 0, max: 20 }), (window, atNs, isDescending, stepCount) => {
      const startNs = windowStartNs(window, atNs);
      const cursor = new WindowCursor(window, isDescending);
      const { ms, subNs } = splitNs(startNs);
      cursor.moveTo(ms, subNs);
      for (let step = 0; step < stepCount; step += 1) cursor.advance();
      expect(joinNs(cursor.ms, cursor.subNs)).toBe(startNs + BigInt(isDescending ? -stepCount : stepCount) * window.everyNs);
      expect(cursor.isBefore(ms, subNs)).toBe(false);
    }),
  );
});

function startOf(grid: WindowGrid, windowIndex: number): bigint {
  const { ms, subNs } = grid.startsOf([windowIndex]);
  return joinNs(ms[0]!, subNs[0]!);
}

test('a number of no window is refused', () => {
  const withoutWindows = new WindowGrid(undefined, 7n);
  expect(withoutWindows.startsOf([0])).toEqual({ ms: [0], subNs: [0] });
  for (const number of [1, 5, Number.MAX_SAFE_INTEGER]) {
    expect(() => withoutWindows.startsOf([0, number])).toThrow(expect.objectContaining({ code: 'MESSAGE_INVALID' }) as Error);
  }
});
