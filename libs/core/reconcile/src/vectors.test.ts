import { EMPTY_VECTOR, hasMutation, withMutation, type MutationVector } from '@varve/model';
import { PROPERTY_DEFAULTS } from '@varve/testkit';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { commonTo, holesOf, isCovered, missingFrom, mutationCount, unionOf } from './vectors.ts';

// Methodology: few origins and small numbers, so that intervals touch, overlap and nest; a set of pairs is the dumb twin.

const ORIGINS = [1, 2, 3];
const NUMBER_MAX = 24;
const pairs = fc.array(fc.tuple(fc.constantFrom(...ORIGINS), fc.integer({ min: 1, max: NUMBER_MAX })), { maxLength: 60 });

function vectorOf(from: readonly (readonly [number, number])[]): MutationVector {
  return from.reduce((vector, [origin, number]) => withMutation(vector, origin, number), EMPTY_VECTOR);
}

/** The vector that has exactly the mutations for which `isIn` holds: built one by one, so it is normal (X1). */
function where(isIn: (origin: number, number: number) => boolean): MutationVector {
  let vector = EMPTY_VECTOR;
  for (const origin of ORIGINS) {
    for (let number = 1; number <= NUMBER_MAX; number += 1) if (isIn(origin, number)) vector = withMutation(vector, origin, number);
  }
  return vector;
}

test('X1, X2: what is missing, what one has, what all have are the operations on sets', () => {
  fc.assert(
    fc.property(pairs, pairs, pairs, (one, two, three) => {
      const [a, b, c] = [vectorOf(one), vectorOf(two), vectorOf(three)];
      expect(missingFrom(a, b)).toEqual(where((origin, number) => hasMutation(b, origin, number) && !hasMutation(a, origin, number)));
      expect(unionOf([a, b, c])).toEqual(where((origin, number) => [a, b, c].some((each) => hasMutation(each, origin, number))));
      expect(commonTo([a, b, c])).toEqual(where((origin, number) => [a, b, c].every((each) => hasMutation(each, origin, number))));
      expect(isCovered(a, b)).toBe(missingFrom(b, a).size === 0);
      expect(mutationCount(a)).toBe(new Set(one.map(String)).size);
    }),
    PROPERTY_DEFAULTS,
  );
});

test('X3: holes are the numbers nobody has below the greatest that somebody has', () => {
  fc.assert(
    fc.property(pairs, pairs, (one, two) => {
      const vectors = [vectorOf(one), vectorOf(two)];
      for (const origin of ORIGINS) {
        const held = new Set([...one, ...two].filter(([each]) => each === origin).map(([, number]) => number));
        const holes = holesOf(vectors, origin).flatMap(([first, end]) => Array.from({ length: end - first }, (_, index) => first + index));
        const greatest = Math.max(0, ...held);
        expect(holes).toEqual(Array.from({ length: greatest }, (_, index) => index + 1).filter((number) => !held.has(number)));
      }
    }),
    PROPERTY_DEFAULTS,
  );
});

test('of nothing, nothing is missing, held or common', () => {
  expect(missingFrom(EMPTY_VECTOR, EMPTY_VECTOR).size).toBe(0);
  expect(unionOf([]).size).toBe(0);
  expect(commonTo([]).size).toBe(0);
  expect(holesOf([], 1)).toEqual([]);
});
