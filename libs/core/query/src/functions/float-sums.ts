import { FloatSum } from '@varve/base';
import type { NumberPartial, StateNumbers } from './column-form.ts';

// Sums of floats by window: a column of sums and a column of what they lack.

/** Numbers: sums, rests. */
export function floatSumPartial(): NumberPartial {
  const sums: number[] = [];
  const rests: number[] = [];
  const running = new FloatSum();
  const load = (slot: number): FloatSum => running.set(sums[slot] ?? 0, rests[slot] ?? 0);
  const store = (slot: number): void => {
    sums[slot] = running.sum;
    rests[slot] = running.lack;
  };
  return {
    ...{ numbers: [sums, rests], offsetsNs: [] },
    has: (slot) => sums[slot] !== undefined,
    add: (slot, { vector, start, end }) => {
      const values = vector.values as Float64Array | BigInt64Array;
      load(slot);
      if (values instanceof Float64Array) running.addRange(values, start, end);
      else for (let index = start; index < end; index += 1) running.add(Number(values[index]!));
      store(slot);
    },
    addSummary: (slot, { summary: { numbers } }) => {
      load(slot).addPair(numbers!.sum, numbers!.sumRest);
      store(slot);
    },
  };
}

/** Adds the sum at an index of one pair of columns to the one at a position of another. */
export function joinFloatSums(
  [sums, rests]: readonly [StateNumbers, StateNumbers],
  position: number,
  [fromSums, fromRests]: readonly [StateNumbers, StateNumbers],
  index: number,
): void {
  const joined = new FloatSum().set(sums[position] as number, rests[position] as number);
  joined.addPair(fromSums[index] as number, fromRests[index] as number);
  sums[position] = joined.sum;
  rests[position] = joined.lack;
}
