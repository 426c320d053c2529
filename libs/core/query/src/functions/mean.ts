import { FloatSum } from '@varve/base';
import type { FunctionDefinition } from './function-definition.ts';

/** The arithmetic mean, always a float. The state is (count, sum). */
export const mean: FunctionDefinition = {
  argumentTypes: ['float', 'integer'],
  isSelector: false,
  resultType: () => 'float',
  createPartial: () => {
    const counts: number[] = [];
    const sums: FloatSum[] = [];
    return {
      add: (slot, { vector, start, end }) => {
        const values = vector.values as Float64Array | BigInt64Array;
        const sum = (sums[slot] ??= new FloatSum());
        if (values instanceof Float64Array) sum.addRange(values, start, end);
        else for (let index = start; index < end; index += 1) sum.add(Number(values[index]!));
        counts[slot] = (counts[slot] ?? 0) + end - start;
      },
      addSummary: (slot, { count, summary: { numbers } }) => {
        (sums[slot] ??= new FloatSum()).addPair(numbers!.sum, numbers!.sumRest);
        counts[slot] = (counts[slot] ?? 0) + count;
      },
      partCount: (slot) => (counts[slot] === undefined ? 0 : 1),
      encode: (slot, _part, writer) => sums[slot]!.encode(writer.varint(counts[slot]!)),
    };
  },
  createMerger: () => {
    let valueCount = 0;
    let sum = new FloatSum();
    return {
      reset: () => {
        valueCount = 0;
        sum = new FloatSum();
      },
      merge: (reader) => {
        valueCount += reader.varint();
        sum.merge(reader);
      },
      results: () => (valueCount === 0 ? [] : [{ value: sum.total / valueCount, timeNs: undefined, neighbours: [] }]),
    };
  },
};
