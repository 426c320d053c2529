import type { TagExpression, Tombstone } from '@varve/model';
import fc from 'fast-check';

const DAYS_90_NS = 90 * 86_400 * 1e9;

const text = fc.string({ unit: 'grapheme', maxLength: 8 });
const { part } = fc.letrec<{ part: TagExpression }>((tie) => ({
  part: fc.oneof(
    { maxDepth: 5, depthSize: 'small' },
    fc.constant<TagExpression>({ kind: 'all' }),
    fc.record({ kind: fc.constant('match' as const), key: text, operator: fc.constantFrom('=', '!=', '=~', '!~'), value: text }),
    fc.record({ kind: fc.constantFrom('and' as const, 'or' as const), parts: fc.array(tie('part'), { maxLength: 4 }) }),
  ),
}));

/** Deletes of any shape. */
export const anyTombstone: fc.Arbitrary<Tombstone> = fc
  .record({
    measurement: fc.option(text, { nil: undefined }),
    series: part,
    startOffsetNs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: DAYS_90_NS })),
    lengthNs: fc.oneof(fc.constant(1), fc.constant(DAYS_90_NS), fc.integer({ min: 1, max: DAYS_90_NS })),
  })
  .map(({ lengthNs, ...rest }) => ({ ...rest, endOffsetNs: Math.min(rest.startOffsetNs + lengthNs, DAYS_90_NS + 1) }));
