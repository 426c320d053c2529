import { parseSeriesKey, seriesKey, type TagFilter } from '@varve/model';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SeriesIndex } from '../series-index.ts';

// Methodology: keys of names in which everything may occur, and texts that no writer would make of a series, against a
// list that is searched one by one. What a text means is what `parseSeriesKey` says.
const ODD = [',', '=', ' ', '\\', '\\,', 'é', '😀', '\u{e000}', '\u{ffee}', '\0', '\n', '__proto__', '\u{feff}', '"'];
const name = fc.oneof(
  fc.constantFrom(...ODD),
  fc.array(fc.constantFrom(...ODD, 'a', 'b'), { minLength: 1, maxLength: 3 }).map((parts) => parts.join('')),
);
const regular = fc
  .tuple(name, fc.uniqueArray(fc.tuple(name, name), { maxLength: 3, selector: ([key]) => key }))
  .map(([measurement, tags]) =>
    seriesKey(
      measurement,
      tags.toSorted(([left], [right]) => (left < right ? -1 : 1)),
    ),
  );
const irregular = fc
  .array(fc.constantFrom(...ODD, 'a', 'b', ',a=', ',b='), { maxLength: 8 })
  .map((parts) => parts.join(''));
const anyKey = fc.oneof(regular, irregular).filter((key) => {
  const keys = parseSeriesKey(key).tags.map(([tagKey]) => tagKey);
  return new Set(keys).size === keys.length;
});

test('T3: any key comes back as it was, has one id, and is found by each of its tags', () => {
  fc.assert(
    fc.property(fc.uniqueArray(anyKey, { maxLength: 40, size: 'max' }), (keys) => {
      const index = SeriesIndex.open([]);
      const ids = keys.map((key) => index.idOf(key));
      expect(ids).toEqual(keys.map((_, place) => place + 1));
      const again = SeriesIndex.open(index.seriesAfter(0));
      expect(keys.toReversed().map((key) => again.idOf(key))).toEqual(ids.toReversed());
      expect(ids.map((seriesId) => again.keyOf(seriesId))).toEqual(keys);

      const parsed = keys.map((key) => ({ key, ...parseSeriesKey(key) }));
      expect(index.measurements()).toEqual([...new Set(parsed.map(({ measurement }) => measurement))].sort());
      for (const { measurement, tags } of parsed) {
        const ofMeasurement = parsed.filter((each) => each.measurement === measurement);
        expect(index.tagKeys(measurement)).toEqual(
          [...new Set(ofMeasurement.flatMap((each) => each.tags.map(([key]) => key)))].sort(),
        );
        for (const [key, value] of tags) {
          const has = (each: (typeof parsed)[number]): boolean => (new Map(each.tags).get(key) ?? '') === value;
          const check = (filter: TagFilter, expected: readonly { readonly key: string }[]): void =>
            expect(index.series(measurement, filter).map((ref) => ref.key)).toEqual(
              expected.map((each) => each.key).sort(),
            );
          check({ kind: 'equals', key, value }, ofMeasurement.filter(has));
          check({ kind: 'among', key, values: new Set([value, 'none of these']) }, ofMeasurement.filter(has));
          check({ kind: 'test', key, test: (text) => text === value }, ofMeasurement.filter(has));
          check(
            { kind: 'test', key, test: (text) => text !== value },
            ofMeasurement.filter((each) => !has(each)),
          );
        }
      }
    }),
    { numRuns: 300 },
  );
});

test('half a surrogate pair is no key, and a value that nothing has', () => {
  const index = SeriesIndex.open([]);
  index.idOf('cpu,host=\u{fffd}');
  expect(() => index.idOf('cpu,host=\u{d800}')).toThrow('half a surrogate pair');
  expect(index.series('cpu', { kind: 'equals', key: 'host', value: '\u{d800}' })).toEqual([]);
});
