import fc from 'fast-check';
import { matchesTags, parseSeriesKey, tagFilterOf, type TagExpression } from '@varve/model';
import { expect, test } from 'vitest';
import { TombstoneLookup } from './tombstone-lookup.ts';
import type { HeldTombstone } from './tombstones.ts';

const patternOf = (pattern: string) => (text: string): boolean => new RegExp(pattern).test(text);

function held(seq: number, measurement: string | undefined, series: TagExpression): HeldTombstone {
  const version = { wallMs: seq, counter: 0, incarnation: 1 };
  const header = { shard: 1, version, mutation: { incarnation: 1, shard: 1, number: seq } } as unknown as HeldTombstone['header'];
  return { seq, measurement, series, startOffsetNs: 0, endOffsetNs: 1, version, header, filter: tagFilterOf(series, patternOf) };
}

function lookupOf(tombstones: readonly HeldTombstone[]): TombstoneLookup {
  const lookup = new TombstoneLookup();
  for (const each of tombstones) lookup.add(each);
  return lookup;
}

const expression: fc.Arbitrary<TagExpression> = fc.letrec<{ tree: TagExpression }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 3 },
    fc.constant<TagExpression>({ kind: 'all' }),
    fc.record({ kind: fc.constant('match' as const), operator: fc.constantFrom('=', '!=', '=~', '!~'), key: fc.constantFrom('a', 'b', 'ab'), value: fc.constantFrom('', 'x', 'bx', 'y') }),
    fc.record({ kind: fc.constantFrom('and', 'or'), parts: fc.array(tie('tree'), { minLength: 1, maxLength: 3 }) }),
  ),
})).tree;

test('D1: of all tombstones those are found that match a series, each once', () => {
  const tombstone = fc.tuple(fc.constantFrom(undefined, 'm', 'n'), expression);
  const series = fc.constantFrom('m', 'n,a=x', 'm,a=x', 'm,a=bx', 'm,ab=x', 'm,a=x,b=y', 'n,a=y,ab=x,b=bx', 'o,a=x');
  fc.assert(
    fc.property(fc.array(tombstone, { maxLength: 12 }), series, (given, key) => {
      const all = given.map(([measurement, tags], index) => held(index + 1, measurement, tags));
      const name = parseSeriesKey(key);
      const values = new Map(name.tags);
      const expected = all.filter(({ measurement, filter }) => (measurement ?? name.measurement) === name.measurement && matchesTags(filter, (each) => values.get(each) ?? ''));
      const found = lookupOf(all).matching(name).map(({ seq }) => seq);
      expect(found.sort((left, right) => left - right)).toEqual(expected.map(({ seq }) => seq));
    }),
    { numRuns: 2_000 },
  );
});

test('a thousand deletes of one value each are not all held against a series', () => {
  const host = (value: string): TagExpression => ({ kind: 'match', operator: '=', key: 'host', value });
  const dc: TagExpression = { kind: 'match', operator: '!=', key: 'dc', value: 'x' };
  const hosts = Array.from({ length: 1_000 }, (_, at) => held(at + 1, 'm', at % 2 === 0 ? host(`h${at}`) : { kind: 'and', parts: [dc, host(`h${at}`)] }));
  const names = Array.from({ length: 1_000 }, (_, at) => held(at + 1_001, `m${at}`, { kind: 'all' }));
  const lookup = lookupOf([...hosts, ...names]);
  const candidates = (key: string): number[] => lookup.candidates(parseSeriesKey(key)).map(({ seq }) => seq);
  expect([candidates('m,host=h10'), candidates('m,dc=x,host=h11'), candidates('m10,host=h0'), candidates('m,dc=h0')]).toEqual([[11], [12], [1_011, 1], []]);
});
