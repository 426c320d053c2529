import type { FunctionDefinition } from './function-definition.ts';

/** The arithmetic mean, always a float. The state is (count, sum). */
export const mean: FunctionDefinition = {
  argumentTypes: ['float', 'integer'],
  isSelector: false,
  resultType: () => 'float',
  createPartial: () => {
    const counts: number[] = [];
    const sums: number[] = [];
    return {
      add: (slot, { vector, start, end }) => {
        const values = vector.values as Float64Array | BigInt64Array;
        let total = sums[slot] ?? 0;
        if (values instanceof Float64Array) for (let index = start; index < end; index += 1) total += values[index]!;
        else for (let index = start; index < end; index += 1) total += Number(values[index]!);
        sums[slot] = total;
        counts[slot] = (counts[slot] ?? 0) + end - start;
      },
      partCount: (slot) => (counts[slot] === undefined ? 0 : 1),
      encode: (slot, _part, writer) => writer.varint(counts[slot]!).f64(sums[slot]!),
    };
  },
  createMerger: () => {
    let valueCount = 0;
    let total = 0;
    return {
      reset: () => {
        valueCount = 0;
        total = 0;
      },
      merge: (reader) => {
        valueCount += reader.varint();
        total += reader.f64();
      },
      results: () => (valueCount === 0 ? [] : [{ value: total / valueCount, timeNs: undefined, neighbours: [] }]),
    };
  },
};
