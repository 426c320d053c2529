import type { FieldType } from '@varve/model';
import { binaryOperation } from '../plan/binary-operation.ts';
import { periodProblem } from './period.ts';
import { NUMBERS, type TransformationDefinition } from './transformation.ts';

/** The sum of all points so far; of integers it wraps around at 64 bits. */
export const cumulativeSum: TransformationDefinition = {
  argumentTypes: NUMBERS,
  title: 'cumulative sum',
  leadWindowCount: 0,
  resultType: (type) => type,
  create: ({ type }) => {
    const { plus } = arithmeticOf(type);
    let sum: number | bigint = 0;
    return { add: ({ value }) => (sum = plus(sum, value as number | bigint)) };
  },
};

/** The mean of the last n points, once there are so many: a sum that the newest joins and the oldest leaves. */
export const movingAverage: TransformationDefinition = {
  argumentTypes: NUMBERS,
  title: 'moving average',
  leadWindowCount: 1,
  resultType: () => 'float',
  readWindowCount: ([size]) => size as number,
  limitProblem: periodProblem('moving_average'),
  create: ({ type, args: [size] }) => {
    const count = size as number;
    const { plus, minus } = arithmeticOf(type);
    const held: (number | bigint)[] = [];
    let oldest = 0;
    let sum: number | bigint = 0;
    return {
      add: (point) => {
        const value = point.value as number | bigint;
        if (held.length < count) held.push(value);
        else {
          sum = minus(sum, held[oldest]!);
          held[oldest] = value;
          oldest = (oldest + 1) % count;
        }
        sum = plus(sum, value);
        return held.length < count ? undefined : Number(sum) / count;
      },
    };
  },
};

type Arithmetic = (left: number | bigint, right: number | bigint) => number | bigint;

function arithmeticOf(type: FieldType): { readonly plus: Arithmetic; readonly minus: Arithmetic } {
  const facts = { areIntegers: type === 'integer', clause: 'SELECT' } as const;
  return { plus: binaryOperation('+', facts).apply as Arithmetic, minus: binaryOperation('-', facts).apply as Arithmetic };
}
