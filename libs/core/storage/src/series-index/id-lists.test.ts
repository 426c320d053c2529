import fc from 'fast-check';
import { expect, test } from 'vitest';
import { IdLists } from './id-lists.ts';
import { IdSet } from './id-set.ts';

const ID_MAX = 40_000_000;

test('T3: lists of ids hold what was appended, whatever the distances and however they alternate', () => {
  const distance = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 3 }), fc.integer({ min: 100, max: 2_000 }));
  const append = fc.record({ list: fc.nat({ max: 4 }), distance, times: fc.integer({ min: 1, max: 40 }) });
  fc.assert(
    fc.property(fc.array(append, { maxLength: 60, size: 'max' }), (appends) => {
      const lists = new IdLists();
      const expected = Array.from({ length: 5 }, () => new Set<number>());
      for (let list = 0; list < 5; list += 1) lists.addList();
      let id = 1;
      for (const { list, distance: each, times } of appends)
        for (let time = 0; time < times; time += 1) {
          lists.append(list, id);
          expected[list]!.add(id);
          id += each;
        }
      for (let list = 0; list < 5; list += 1) {
        const found = new IdSet(id);
        lists.addTo(list, found);
        expect([...found.ids()]).toEqual([...expected[list]!]);
        const rest = new IdSet(id);
        for (let each = 0; each <= id; each += 7) rest.add(each);
        lists.removeFrom(list, rest);
        for (let each = 0; each <= id; each += 1)
          if (rest.has(each) !== (each % 7 === 0 && !expected[list]!.has(each))) expect(each).toBe('not removed right');
      }
    }),
    { numRuns: 20 },
  );
});

test('distances of every size in bytes', () => {
  const lists = new IdLists();
  lists.addList();
  const ids = [1, 128, 129, 16_512, 16_513, 2_113_665, 2_113_666, ID_MAX];
  for (const id of ids) lists.append(0, id);
  const found = new IdSet(ID_MAX);
  lists.addTo(0, found);
  expect([...found.ids()]).toEqual(ids);
});

test('a set of ids unites, intersects and counts as sets do', () => {
  const ids = fc.array(fc.nat({ max: 200 }));
  fc.assert(
    fc.property(ids, ids, (left, right) => {
      const [both, either] = [new IdSet(200), new IdSet(200)];
      const other = new IdSet(200);
      for (const id of left) [both, either].forEach((set) => set.add(id));
      for (const id of right) other.add(id);
      both.intersect(other);
      either.unite(other);
      const ascending = (set: Iterable<number>): number[] => [...set].sort((first, second) => first - second);
      expect([...both.ids()]).toEqual(ascending(new Set(left.filter((id) => right.includes(id)))));
      expect([...either.ids()]).toEqual(ascending(new Set([...left, ...right])));
      expect(either.count()).toBe(either.ids().length);
    }),
  );
});
