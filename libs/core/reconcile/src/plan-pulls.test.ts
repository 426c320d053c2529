import type { MutationVector, NodeId } from '@varve/model';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { planPulls } from './plan-pulls.ts';
import { isCovered, unionOf } from './vectors.ts';

const vector = (...intervals: readonly (readonly [number, number])[]): MutationVector => new Map(intervals.length === 0 ? [] : [[9, intervals]]);

test('each owner that lacks something takes it from the one that has most of it', () => {
  const plan = planPulls(new Map([[1, vector([1, 10])], [2, vector([1, 4])], [3, vector([1, 10], [12, 13])]]), 0);
  expect(plan).toEqual([{ owner: 1, source: 3 }, { owner: 2, source: 3 }]);
});

test('equals pull nothing', () => {
  expect(planPulls(new Map([[1, vector([1, 5])], [2, vector([1, 5])]]), 0)).toEqual([]);
  expect(planPulls(new Map([[1, vector()]]), 0)).toEqual([]);
});

test('Y11: equals take turns: one of them may have a frame and not be able to hand it out', () => {
  const vectors = new Map([[1, vector([1, 10])], [2, vector([1, 4])], [3, vector([1, 10])], [4, vector([1, 8])]]);
  const sources = [0, 2, 4].map((turn) => planPulls(vectors, turn).find(({ owner }) => owner === 2)?.source);
  expect(sources).toEqual([1, 3, 1]);
});

test('Y11: one that has most, and cannot hand it out, does not hide one that has less', () => {
  const vectors = new Map([[1, vector([1, 10])], [2, vector()], [3, vector([2, 3])], [4, vector()]]);
  const sources = [0, 1, 2, 3].map((turn) => planPulls(vectors, turn).find(({ owner }) => owner === 2)?.source);
  expect(sources).toEqual([1, 1, 1, 3]);
});

test('X7, X8: rounds of planned pulls make all equal to the union', () => {
  const numbers = fc.uniqueArray(fc.integer({ min: 1, max: 12 }));
  const singles = numbers.map((each) => vector(...each.toSorted((left, right) => left - right).reduce<[number, number][]>((all, number) => {
    const last = all.at(-1);
    if (last?.[1] === number) last[1] = number + 1;
    else all.push([number, number + 1]);
    return all;
  }, [])));
  fc.assert(
    fc.property(fc.array(singles, { minLength: 1, maxLength: 5 }), (start) => {
      const vectors = new Map<NodeId, MutationVector>(start.map((each, at) => [at + 1, each]));
      const all = unionOf(start);
      for (let round = 0; round < start.length; round += 1) {
        for (const { owner, source } of planPulls(new Map(vectors), 2 * round)) vectors.set(owner, unionOf([vectors.get(owner)!, vectors.get(source)!]));
      }
      for (const each of vectors.values()) expect(isCovered(all, each)).toBe(true);
    }),
  );
});
