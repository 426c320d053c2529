import { AssertionError } from '@varve/base';
import { compareVersions, type Version } from '@varve/model';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { COUNTER_MAX, HybridClock, type HybridClockOptions, WALL_MS_MAX } from './hybrid-clock.ts';

const clockOf = (changes: Partial<HybridClockOptions> = {}): HybridClock =>
  new HybridClock({ incarnation: 9, floorMs: 1_000, ceilingMs: 2_000, skewMsMax: 100, ...changes });
const versionOf = (wallMs: number, counter: number, incarnation = 3): Version => ({ wallMs, counter, incarnation });

/** [wallMs, counter], or undefined when a lease is needed. */
function stamped(clock: HybridClock, nowMs: number, count?: number): readonly [number, number] | undefined {
  const result = clock.stamp(nowMs, count);
  return result.kind === 'stamped' ? [result.version.wallMs, result.version.counter] : undefined;
}

test('stamps follow the wall clock, and count up while it stands or jumps back', () => {
  const clock = clockOf();
  expect(stamped(clock, 1_500)).toEqual([1_500, 0]);
  expect(stamped(clock, 1_500)).toEqual([1_500, 1]);
  expect(stamped(clock, 1_200)).toEqual([1_500, 2]);
  expect(stamped(clock, 1_501.7)).toEqual([1_501, 0]);
});

test('V1: no stamp is below the floor, none at or above the ceiling', () => {
  const clock = clockOf();
  expect(stamped(clock, 5)).toEqual([1_000, 0]);
  expect(stamped(clock, 1_999)).toEqual([1_999, 0]);
  expect(stamped(clock, 2_000)).toBeUndefined();
  expect(stamped(clock, 1_999)).toEqual([1_999, 1]); // asking in vain changed nothing
  clock.extend(2_001);
  expect(stamped(clock, 2_000)).toEqual([2_000, 0]);
  expect(stamped(clockOf({ floorMs: 2_000 }), 5)).toBeUndefined();
});

test('a full counter moves the wall time on, up to the ceiling', () => {
  const clock = clockOf();
  expect(stamped(clock, 1_998, COUNTER_MAX)).toEqual([1_998, 0]);
  expect(stamped(clock, 1_998)).toEqual([1_998, COUNTER_MAX]);
  expect(stamped(clock, 1_998)).toEqual([1_999, 0]);
  expect(stamped(clock, 1_998, COUNTER_MAX)).toEqual([1_999, 1]);
  expect(stamped(clock, 1_998)).toBeUndefined();
});

test('several stamps at once lie in one millisecond', () => {
  const clock = clockOf();
  expect(stamped(clock, 1_500, 3)).toEqual([1_500, 0]);
  expect(stamped(clock, 1_500, COUNTER_MAX)).toEqual([1_501, 0]);
  expect(stamped(clock, 1_500, COUNTER_MAX + 1)).toEqual([1_502, 0]);
});

test('V2: a stamp is greater than every version that was observed', () => {
  const clock = clockOf();
  expect(clock.observe(versionOf(1_550, 7), 1_500)).toEqual({ kind: 'observed' });
  expect(stamped(clock, 1_500)).toEqual([1_550, 8]);
  clock.observe(versionOf(1_550, 2), 1_500); // older than what was stamped
  expect(stamped(clock, 1_500)).toEqual([1_550, 9]);
  clock.observe(versionOf(1_560, COUNTER_MAX), 1_500);
  expect(stamped(clock, 1_500)).toEqual([1_561, 0]);
});

test('V3: a version too far ahead of the wall clock is refused and changes nothing', () => {
  const clock = clockOf();
  expect(clock.observe(versionOf(1_600, 0), 1_500)).toEqual({ kind: 'observed' });
  expect(clock.observe(versionOf(1_601, 0), 1_500)).toEqual({ kind: 'tooFarAhead', aheadMs: 101 });
  expect(stamped(clock, 1_500)).toEqual([1_600, 1]);
});

test('an observed version at the ceiling asks for a lease', () => {
  const clock = clockOf();
  clock.observe(versionOf(2_050, 0), 1_999);
  expect(stamped(clock, 1_999)).toBeUndefined();
  clock.extend(3_000);
  expect(stamped(clock, 1_999)).toEqual([2_050, 1]);
});

test('leases that cannot be are bugs', () => {
  expect(() => clockOf({ floorMs: 2_001 })).toThrow(AssertionError);
  expect(() => clockOf({ ceilingMs: WALL_MS_MAX + 1 })).toThrow(AssertionError);
  expect(() => clockOf({ floorMs: -1 })).toThrow(AssertionError);
  expect(() => clockOf().extend(1_999)).toThrow(AssertionError);
  expect(() => clockOf().stamp(1_500, 0)).toThrow(AssertionError);
  expect(() => clockOf().stamp(1_500, COUNTER_MAX + 2)).toThrow(AssertionError);
});

test('S2: a pledge binds all later stamps, also when the wall clock jumps back, and never beyond the lease', () => {
  const clock = clockOf();
  expect(clock.pledge(1_500.7)).toEqual({ wallMs: 1_500, counter: 0, incarnation: 0 });
  const stamped = clock.stamp(1_200);
  expect(stamped).toMatchObject({ kind: 'stamped', version: { wallMs: 1_500, counter: 0 } });
  expect(clock.pledge(1_200), 'behind the last stamp').toEqual({ wallMs: 1_500, counter: 1, incarnation: 0 });
  expect(clock.pledge(9_999), 'below the ceiling').toEqual({ wallMs: clock.ceilingMs - 1, counter: 0, incarnation: 0 });
  expect(clock.stamp(1_600)).toMatchObject({ kind: 'stamped', version: { wallMs: clock.ceilingMs - 1, counter: 0 } });
});

// Methodology: stamps, pledges, observations and renewals in any order, the wall clock jumping freely. Every version handed out
// is greater than all before it and than all observed ones, and inside the lease.
test('V1, V2: whatever the wall clock does, versions ascend inside the lease', () => {
  const step = fc.record({
    kind: fc.constantFrom('stamp', 'stamp', 'pledge', 'observe', 'extend'),
    nowMs: fc.integer({ min: 900, max: 1_300 }),
    count: fc.constantFrom(1, 2, 40_000, COUNTER_MAX + 1),
    counter: fc.constantFrom(0, 1, COUNTER_MAX),
    aheadMs: fc.integer({ min: -50, max: 150 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const clock = clockOf({ ceilingMs: 1_050 });
      let greatest = versionOf(1_000, -1);
      for (const { kind, nowMs, count, counter, aheadMs } of steps) {
        if (kind === 'extend') clock.extend(clock.ceilingMs + 50);
        else if (kind === 'pledge') {
          const pledge = clock.pledge(nowMs);
          expect(compareVersions(pledge, greatest), 'nothing that was stamped is above it').toBeGreaterThan(0);
          if (pledge.counter === 0) greatest = versionOf(pledge.wallMs, -1);
        }
        else if (kind === 'observe') {
          const version = versionOf(nowMs + aheadMs, counter, 10);
          const isTaken = clock.observe(version, nowMs).kind === 'observed';
          expect(isTaken).toBe(aheadMs <= 100);
          if (isTaken && compareVersions(version, greatest) > 0) greatest = version;
        } else {
          const result = clock.stamp(nowMs, count);
          if (result.kind === 'needsLease') continue;
          const { version } = result;
          expect(compareVersions(version, greatest)).toBeGreaterThan(0);
          expect(version.wallMs).toBeLessThan(clock.ceilingMs);
          greatest = { ...version, counter: version.counter + count - 1 };
          expect(greatest.counter).toBeLessThanOrEqual(COUNTER_MAX);
        }
      }
    }),
    { numRuns: 1_000 },
  );
});
