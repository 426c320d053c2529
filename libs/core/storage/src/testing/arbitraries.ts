import type { FieldValue, TagExpression, Tombstone } from '@varve/model';
import fc from 'fast-check';
import type { FrameMark, TestRow } from './frames.ts';

/** Series that a test's rows belong to: two measurements. */
export const KEYS: readonly string[] = ['cpu,host=a', 'cpu,host=b', 'cpu', 'mem,__proto__=x,host=a'];
/** Fields that a test's rows have: every type. */
export const FIELDS: readonly string[] = ['f', 'f2', 'i', 'b', 's'];

const value = {
  f: fc.oneof(
    fc.double({ noNaN: true }),
    fc.integer({ min: -500, max: 500 }).map((n) => n / 100),
    fc.constant(-0),
  ),
  i: fc.oneof(
    fc.integer({ min: -9, max: 9 }),
    fc.maxSafeInteger(),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(tight),
  ),
  b: fc.boolean(),
  s: fc.oneof(fc.string({ unit: 'grapheme', maxLength: 6 }), fc.constantFrom('', 'same')),
};
const fields = fc
  .record({ f: value.f, f2: value.f, i: value.i, b: value.b, s: value.s }, { requiredKeys: [] })
  .filter((each) => Object.keys(each).length > 0);
/** Rows over few series, times and fields, so that they meet. */
export const anyRow: fc.Arbitrary<TestRow> = fc.record({
  key: fc.constantFrom(...KEYS),
  offsetNs: fc.oneof(
    { arbitrary: fc.integer({ min: 0, max: 6 }), weight: 9 },
    { arbitrary: fc.constant(90 * 86_400e9 - 1), weight: 1 },
  ),
  fields: fields as fc.Arbitrary<TestRow['fields']>,
});
/** One frame's rows; none make a void frame. */
export const anyRows = fc.array(anyRow, { maxLength: 6 });
const match: fc.Arbitrary<TagExpression> = fc.record({
  kind: fc.constant('match' as const),
  key: fc.constantFrom('host', '__proto__'),
  operator: fc.constantFrom('=', '!=', '=~', '!~'),
  value: fc.constantFrom('a', 'b', '', 'x|a', '^$'),
});
const all: fc.Arbitrary<TagExpression> = fc.constant({ kind: 'all' });
const predicate: fc.Arbitrary<TagExpression> = fc.oneof(
  all,
  match,
  fc.record({ kind: fc.constantFrom('and' as const, 'or' as const), parts: fc.array(fc.oneof(match, all), { maxLength: 3 }) }),
);
/** A delete of some of these series, over few times or all. */
export const anyTombstone: fc.Arbitrary<Tombstone> = fc
  .record({
    measurement: fc.constantFrom(undefined, 'cpu', 'mem', 'none'),
    series: predicate,
    startOffsetNs: fc.integer({ min: 0, max: 6 }),
    lengthNs: fc.oneof(fc.integer({ min: 1, max: 7 }), fc.constant(90 * 86_400e9 - 6)),
  })
  .map(({ lengthNs, ...rest }) => ({ ...rest, endOffsetNs: rest.startOffsetNs + lengthNs }));

/** Few milliseconds, so that other parts of versions decide. */
export const anyWallMs = fc.integer({ min: 1_000, max: 1_008 });

function tight(big: bigint): FieldValue {
  return Number.isSafeInteger(Number(big)) ? Number(big) : big;
}

/** Versions meet in their milliseconds and counters; the incarnation keeps them apart (V3). */
export function markOf(index: number, ms: number): FrameMark {
  return {
    incarnation: (index % 3) + 1,
    number: Math.floor(index / 3) + 1,
    version: { wallMs: ms, counter: index % 2, incarnation: index + 1 },
  };
}
