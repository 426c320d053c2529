import type { FunctionDefinition } from './function-definition.ts';
import type { Vector } from './vector.ts';

/** Count, mean and sum of squared distances from the mean. */
interface Moments {
  readonly count: number;
  readonly mean: number;
  readonly squares: number;
}

/**
 * The sample standard deviation; null for a single value. Each run is summed in two passes, and runs are joined by the
 * pairwise formula, which loses nothing to cancellation. Source: Chan, Golub, LeVeque 1979.
 */
export const stddev: FunctionDefinition = {
  argumentTypes: ['float', 'integer'],
  isSelector: false,
  resultType: () => 'float',
  createPartial: () => {
    const moments: Moments[] = [];
    return {
      add: (slot, { vector, start, end }) => {
        moments[slot] = joined(moments[slot], momentsOf(vector, start, end));
      },
      partCount: (slot) => (moments[slot] === undefined ? 0 : 1),
      encode: (slot, _part, writer) => {
        const { count, mean, squares } = moments[slot]!;
        writer.varint(count).f64(mean).f64(squares);
      },
    };
  },
  createMerger: () => {
    let moments: Moments | undefined;
    return {
      reset: () => {
        moments = undefined;
      },
      merge: (reader) => {
        moments = joined(moments, { count: reader.varint(), mean: reader.f64(), squares: reader.f64() });
      },
      results: () => {
        if (moments === undefined) return [];
        const value = moments.count < 2 ? null : Math.sqrt(moments.squares / (moments.count - 1));
        return [{ value, timeNs: undefined, neighbours: [] }];
      },
    };
  },
};

function momentsOf(vector: Vector, start: number, end: number): Moments {
  const values = vector.values as Float64Array | BigInt64Array;
  let mean = 0;
  for (let index = start; index < end; index += 1) mean += (Number(values[index]!) - mean) / (index - start + 1);
  let squares = 0;
  for (let index = start; index < end; index += 1) squares += (Number(values[index]!) - mean) ** 2;
  return { count: end - start, mean, squares };
}

function joined(left: Moments | undefined, right: Moments): Moments {
  if (left === undefined) return right;
  const count = left.count + right.count;
  const distance = right.mean - left.mean;
  return {
    count,
    mean: left.mean + (distance * right.count) / count,
    squares: left.squares + right.squares + (distance * distance * left.count * right.count) / count,
  };
}
