import { EMPTY_VECTOR, type IncarnationId, type MutationVector, type NumberIntervals } from '@varve/model';
import { countOf, intersect, subtract, unite } from './intervals.ts';

/** What `from` has and `have` lacks. Empty when nothing is missing. */
export function missingFrom(have: MutationVector, from: MutationVector): MutationVector {
  return combine(from.keys(), (origin) => subtract(intervalsOf(from, origin), intervalsOf(have, origin)));
}

/** What at least one has. */
export function unionOf(vectors: readonly MutationVector[]): MutationVector {
  return vectors.reduce(
    (all, each) => combine([...all.keys(), ...each.keys()], (origin) => unite(intervalsOf(all, origin), intervalsOf(each, origin))),
    EMPTY_VECTOR,
  );
}

/** What all have; of no vectors, nothing. */
export function commonTo([first = EMPTY_VECTOR, ...others]: readonly MutationVector[]): MutationVector {
  return others.reduce(
    (common, each) => combine(common.keys(), (origin) => intersect(intervalsOf(common, origin), intervalsOf(each, origin))),
    first,
  );
}

/** Whether nothing of `wanted` is missing. */
export function isCovered(wanted: MutationVector, by: MutationVector): boolean {
  return missingFrom(by, wanted).size === 0;
}

/** How many mutations these are. */
export function mutationCount(vector: MutationVector): number {
  return [...vector.values()].reduce((sum, intervals) => sum + countOf(intervals), 0);
}

/**
 * Numbers of an incarnation that none of these has, below the greatest that one of them has (X3): the incarnation took
 * them, and nobody holds them. Numbers above it were never published, or are as good as that.
 */
export function holesOf(vectors: readonly MutationVector[], incarnation: IncarnationId): NumberIntervals {
  const held = vectors.reduce((all, each) => unite(all, intervalsOf(each, incarnation)), [] as NumberIntervals);
  const last = held.at(-1);
  return last === undefined ? [] : subtract([[1, last[1]]], held);
}

function intervalsOf(vector: MutationVector, origin: IncarnationId): NumberIntervals {
  return vector.get(origin) ?? [];
}

/** Origins without an interval are left out: X1. */
function combine(origins: Iterable<IncarnationId>, of: (origin: IncarnationId) => NumberIntervals): MutationVector {
  const combined = new Map<IncarnationId, NumberIntervals>();
  for (const origin of new Set(origins)) {
    const intervals = of(origin);
    if (intervals.length > 0) combined.set(origin, intervals);
  }
  return combined;
}
