import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SHARD_WINDOW_NS_MAX } from './shard-group-window.ts';
import { joinNs, putTimeAfter, splitNs } from './time.ts';

const WIDTH_NS = Number(SHARD_WINDOW_NS_MAX);

test('a time after a start is exact to the nanosecond, also right before and behind a millisecond', () => {
  const whole = fc.nat(WIDTH_NS / 1_000_000 - 1).chain((ms) => fc.constantFrom(0, 1, 999_999).map((subNs) => ms * 1_000_000 + subNs));
  const offset = fc.oneof(fc.integer({ min: 0, max: WIDTH_NS }), whole, fc.constant(WIDTH_NS - 1));
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 62n }), offset, (startNs, offsetNs) => {
      const times = { ms: [] as number[], subNs: [] as number[] };
      putTimeAfter(splitNs(startNs), offsetNs, times, 0);
      expect({ ms: times.ms[0], subNs: times.subNs[0] }).toEqual(splitNs(startNs + BigInt(offsetNs)));
      expect(joinNs(times.ms[0]!, times.subNs[0]!)).toBe(startNs + BigInt(offsetNs));
    }),
  );
});
