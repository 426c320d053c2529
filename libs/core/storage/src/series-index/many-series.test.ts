import { Prng } from '@varve/base';
import { parseSeriesKey, type SeriesKey, type TagFilter } from '@varve/model';
import { expect, test } from 'vitest';
import { SeriesIndex } from '../series-index.ts';
import { passes } from '../testing/naive-filter.ts';

const SERIES_COUNT = 100_000;
/** Tag key → how many values; some series lack some of the tags. */
const CARDINALITIES = { constant: 1, few: 4, host: SERIES_COUNT, many: 20_000, some: 100 };

// Methodology: a hundred thousand series arrive in parts; after each part random filters, against a list that is searched
// one by one.
test('T3: of a hundred thousand series, random filters find the right ones in the right order', () => {
  const random = new Prng(7);
  const index = SeriesIndex.open([]);
  const keys: SeriesKey[] = [];
  for (const partSize of [10, 1_000, 48_990, 49_999, 1]) {
    const part = Array.from({ length: partSize }, (_, place) => anyKey(random, keys.length + place));
    keys.push(...part);
    for (const key of part) index.idOf(key);
    const parsed = keys.map((key, place) => ({ key, seriesId: place + 1, tags: new Map(parseSeriesKey(key).tags) }));
    for (let round = 0; round < 8; round += 1) {
      const filter = anyFilter(random, 2);
      const expected = parsed
        .filter(({ tags }) => passes(tags, filter))
        .sort((left, right) => (left.key < right.key ? -1 : 1));
      expect(index.series('cpu', filter).map(idOf).join()).toBe(expected.map(idOf).join());
    }
    expect(
      index
        .series('cpu', { kind: 'all' })
        .map(({ key }) => key)
        .join(),
    ).toBe(keys.toSorted().join());
  }
  for (const each of [keys, keys, keys.slice(0, 30_000), keys.toReversed(), keys])
    for (const key of each) if (keys[index.idOf(key) - 1] !== key) expect(key).toBe('found');
  expect(index.lastId).toBe(SERIES_COUNT);
});

function idOf({ seriesId }: { readonly seriesId: number }): number {
  return seriesId;
}

function anyKey(random: Prng, host: number): SeriesKey {
  let key = 'cpu';
  for (const [tagKey, cardinality] of Object.entries(CARDINALITIES)) {
    if (tagKey === 'host') key += `,host=${host}`;
    else if (random.chance(0.9)) key += `,${tagKey}=${random.between(0, cardinality - 1)}`;
  }
  return key;
}

function anyFilter(random: Prng, depth: number): TagFilter {
  if (depth > 0 && random.chance(0.7)) {
    const parts = Array.from({ length: random.between(0, 3) }, () => anyFilter(random, depth - 1));
    return { kind: random.pick(['and', 'or']), parts };
  }
  const [key, cardinality] = random.pick(Object.entries(CARDINALITIES));
  const value = random.chance(0.1) ? '' : String(random.between(0, cardinality));
  return random.pick<TagFilter>([
    { kind: 'all' },
    { kind: 'equals', key, value },
    { kind: 'among', key, values: new Set([value, String(random.between(0, cardinality))]) },
    { kind: 'test', key, test: (each) => each !== value },
    { kind: 'test', key, test: (each) => each.endsWith(value.slice(-1)) },
  ]);
}
