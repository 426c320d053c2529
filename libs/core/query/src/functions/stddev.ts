import type { ColumnForm } from './column-form.ts';
import type { FunctionDefinition } from './function-definition.ts';
import type { Vector } from './vector.ts';
import { withColumns } from './with-columns.ts';

/** Count, mean and sum of squared distances from the mean. */
type Moments = readonly [count: number, mean: number, squares: number];

const COLUMNS: ColumnForm = {
  numberCount: 3,
  hasTime: false,
  createPartial: () => {
    const numbers: [number[], number[], number[]] = [[], [], []];
    return {
      ...{ numbers, offsetsNs: [] },
      has: (slot) => numbers[0][slot] !== undefined,
      add: ({ vector, count, starts, slots }) => {
        for (let run = 0; run < count; run += 1) {
          const slot = slots[run]!;
          const added = momentsOf(vector, starts[run]!, starts[run + 1]!);
          const held = numbers[0][slot] === undefined ? undefined : ([numbers[0][slot], numbers[1][slot]!, numbers[2][slot]!] as const);
          for (const [part, number] of (held === undefined ? added : joined(held, added)).entries()) numbers[part]![slot] = number;
        }
      },
    };
  },
  join: ({ numbers: into }, position, { numbers: from }, index) => {
    const [left, right] = [into, from].map((numbers, side) => numbers.map((each) => Number(each[side === 0 ? position : index]))) as unknown as [Moments, Moments];
    for (const [part, number] of joined(left, right).entries()) into[part]![position] = number;
  },
  answers: ({ numbers: [counts, , squares] }) => counts!.map((count, window) => deviationOf(Number(count), Number(squares![window]))),
};

/**
 * The sample standard deviation; a single value has none: NaN, which is shown as null and not filled. Each run is summed
 * in two passes, and runs are joined by the pairwise formula, which loses nothing to cancellation. Source: Chan, Golub,
 * LeVeque 1979.
 */
export const stddev: FunctionDefinition = {
  argumentTypes: ['float', 'integer'],
  isSelector: false,
  resultType: () => 'float',
  ...withColumns(() => COLUMNS),
};

function deviationOf(count: number, squares: number): number | null {
  if (count === 0) return null;
  return count === 1 ? NaN : Math.sqrt(squares / (count - 1));
}

function momentsOf(vector: Vector, start: number, end: number): Moments {
  const values = vector.values as Float64Array | BigInt64Array;
  let mean = 0;
  for (let index = start; index < end; index += 1) mean += (Number(values[index]!) - mean) / (index - start + 1);
  let squares = 0;
  for (let index = start; index < end; index += 1) squares += (Number(values[index]!) - mean) ** 2;
  return [end - start, mean, squares];
}

function joined([leftCount, leftMean, leftSquares]: Moments, [rightCount, rightMean, rightSquares]: Moments): Moments {
  const count = leftCount + rightCount;
  const distance = rightMean - leftMean;
  return [count, leftMean + (distance * rightCount) / count, leftSquares + rightSquares + (distance * distance * leftCount * rightCount) / count];
}
