import { parseSeriesKey, seriesKey, type TagFilter } from '@varve/model';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SeriesIndex } from './series-index.ts';
import { passes } from './testing/naive-filter.ts';

const NAMES = ['host', 'region', '__proto__'];
const VALUES = ['a', 'b', 'a b', 'constructor', '=,'];
const anyKey = fc
  .tuple(
    fc.constantFrom('cpu', 'm,em', 'toString'),
    fc.record(Object.fromEntries(NAMES.map((name) => [name, fc.constantFrom('', ...VALUES)])), {
      noNullPrototype: true,
    }),
  )
  .map(([measurement, tags]) =>
    seriesKey(
      measurement,
      NAMES.toSorted()
        .map((name) => [name, (tags as Record<string, string>)[name] ?? ''] as const)
        .filter(([, value]) => value !== ''),
    ),
  );
const { filter } = fc.letrec<{ filter: TagFilter; parts: TagFilter[] }>((tie) => ({
  parts: fc.array(tie('filter'), { maxLength: 3 }),
  filter: fc.oneof(
    { depthSize: 'small' },
    fc.constant<TagFilter>({ kind: 'all' }),
    fc.record({
      kind: fc.constant('equals' as const),
      key: fc.constantFrom(...NAMES, 'none'),
      value: fc.constantFrom('', ...VALUES),
    }),
    fc.record({
      kind: fc.constant('test' as const),
      key: fc.constantFrom(...NAMES, 'none'),
      test: fc.constantFrom(isLong, isEmpty, isNotA),
    }),
    fc.record({ kind: fc.constant('and' as const), parts: tie('parts') }),
    fc.record({ kind: fc.constant('or' as const), parts: tie('parts') }),
  ),
}));

function isLong(value: string): boolean {
  return value.length > 1;
}
function isEmpty(value: string): boolean {
  return value === '';
}
function isNotA(value: string): boolean {
  return value !== 'a';
}

test('T3: the values of a tag key are those of its series', () => {
  fc.assert(
    fc.property(fc.array(anyKey, { maxLength: 30, size: 'max' }), (keys) => {
      const index = SeriesIndex.open([]);
      for (const key of keys) index.idOf(key);
      for (const measurement of ['cpu', 'm,em', 'toString', 'none']) {
        for (const tagKey of [...NAMES, 'none']) {
          const ofMeasurement = keys.map(parseSeriesKey).filter((series) => series.measurement === measurement);
          const expected = ofMeasurement.flatMap(({ tags }) => tags.filter(([key]) => key === tagKey).map(([, value]) => value));
          expect(new Set(index.tagValues(measurement, tagKey))).toEqual(new Set(expected));
        }
      }
    }),
  );
});

test('T3: a filter finds the series that pass it one by one, sorted by key', () => {
  fc.assert(
    fc.property(fc.array(anyKey, { maxLength: 30, size: 'max' }), filter, (keys, wanted) => {
      const index = SeriesIndex.open([]);
      for (const key of keys) index.idOf(key);
      for (const measurement of ['cpu', 'm,em', 'toString', 'none']) {
        const expected = [...new Set(keys)]
          .map((key) => ({ key, ...parseSeriesKey(key) }))
          .filter((series) => series.measurement === measurement && passes(new Map(series.tags), wanted));
        const found = index.series(measurement, wanted);
        expect(found.map(({ key }) => key)).toEqual(expected.map(({ key }) => key).sort());
        for (const { seriesId, key, tags } of found)
          expect([index.keyOf(seriesId), tags]).toEqual([key, parseSeriesKey(key).tags]);
      }
    }),
    { numRuns: 1_000 },
  );
});

test('T3: a test is asked once per distinct value, and once for series without the tag', () => {
  const index = SeriesIndex.open([]);
  for (let host = 0; host < 100; host += 1) index.idOf(`cpu,host=${host % 5},id=${host}`);
  const asked: string[] = [];
  index.series('cpu', { kind: 'test', key: 'host', test: (value) => asked.push(value) > 0 });
  expect(asked.sort()).toEqual(['', '0', '1', '2', '3', '4']);
});

test('ids count from 1 in order of appearance, and a known key keeps its id', () => {
  const index = SeriesIndex.open([
    { seriesId: 2, key: 'b' },
    { seriesId: 1, key: 'a' },
  ]);
  expect([index.idOf('b'), index.idOf('c'), index.idOf('a'), index.idOf('c')]).toEqual([2, 3, 1, 3]);
  expect(index.seriesAfter(2)).toEqual([{ seriesId: 3, key: 'c' }]);
});

test('SL3: a series is known once it was added, and asking adds none', () => {
  fc.assert(
    fc.property(fc.array(anyKey, { maxLength: 30, size: 'max' }), fc.array(anyKey, { maxLength: 10 }), (added, asked) => {
      const index = SeriesIndex.open([]);
      added.forEach((key, at) => {
        expect(index.hasKey(key), key).toBe(added.indexOf(key) < at);
        index.idOf(key);
      });
      for (const key of [...asked, ...added]) expect(index.hasKey(key), key).toBe(added.includes(key));
      expect(index.lastId).toBe(new Set(added).size);
    }),
  );
});

test('measurements and tag keys are sorted', () => {
  const index = SeriesIndex.open([]);
  for (const key of ['mem,b=1', 'cpu,z=1', 'cpu,a=1,c=2']) index.idOf(key);
  expect([index.measurements(), index.tagKeys('cpu'), index.tagKeys('mem')]).toEqual([
    ['cpu', 'mem'],
    ['a', 'c', 'z'],
    ['b'],
  ]);
});

test('measurements count from 0 in order of first appearance', () => {
  const index = SeriesIndex.open([{ seriesId: 1, key: 'mem,a=1' }]);
  const ids = ['cpu', 'mem', 'm\\,em,a=1', 'cpu,a=2'].map((key) => index.idOf(key));
  expect([1, ...ids].map((seriesId) => index.measurementIdOf(seriesId))).toEqual([0, 1, 0, 2, 1]);
});

test('a file with an id or a key twice, or an id that is none, is corrupt', () => {
  const check = (...stored: readonly (readonly [number, string])[]): void =>
    expect(() => SeriesIndex.open(stored.map(([seriesId, key]) => ({ seriesId, key })))).toThrow(
      expect.objectContaining({ code: 'STORAGE_CORRUPT' }),
    );

  check([1, 'a'], [1, 'b']);
  check([1, 'a'], [2, 'a']);
  check([0, 'a']);
  check([1, 'a'], [3, 'b']);
  check([1.5, 'a']);
  check([2 ** 31, 'a']);
});
