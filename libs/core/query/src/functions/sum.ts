import { FloatSum, type ByteReader, type ByteWriter } from '@varve/base';
import { ExactSum } from './exact-sum.ts';
import type { FunctionDefinition, Merger, PartialState } from './function-definition.ts';
import { exactNumber } from './vector.ts';

/** The sum. Of integers it is an exact integer that wraps around at 64 bits; of floats it is rounded once. */
export const sum: FunctionDefinition = {
  argumentTypes: ['float', 'integer'],
  isSelector: false,
  resultType: (type) => type,
  createPartial: ({ type }) => (type === 'integer' ? integerPartial() : floatPartial()),
  createMerger: ({ type }) => (type === 'integer' ? integerMerger() : floatMerger()),
};

function floatPartial(): PartialState {
  const sums: FloatSum[] = [];
  return {
    add: (slot, { vector, start, end }) => (sums[slot] ??= new FloatSum()).addRange(vector.values as Float64Array, start, end),
    addSummary: (slot, { summary: { numbers } }) => (sums[slot] ??= new FloatSum()).addPair(numbers!.sum, numbers!.sumRest),
    partCount: (slot) => (sums[slot] === undefined ? 0 : 1),
    encode: (slot, _part, writer) => sums[slot]!.encode(writer),
  };
}

function floatMerger(): Merger {
  let total: FloatSum | undefined;
  return {
    reset: () => {
      total = undefined;
    },
    merge: (reader) => (total ??= new FloatSum()).merge(reader),
    results: () => (total === undefined ? [] : [{ value: total.total, timeNs: undefined, neighbours: [] }]),
  };
}

function integerPartial(): PartialState {
  const sums: ExactSum[] = [];
  return {
    add: (slot, { vector, start, end }) => {
      const { values } = vector;
      const total = (sums[slot] ??= new ExactSum());
      if (values instanceof Float64Array) total.addRange(values, start, end);
      else for (let index = start; index < end; index += 1) total.add((values as BigInt64Array)[index]!);
    },
    addSummary: (slot, { summary: { numbers } }) => (sums[slot] ??= new ExactSum()).add(numbers!.sum),
    partCount: (slot) => (sums[slot] === undefined ? 0 : 1),
    encode: (slot, _part, writer: ByteWriter) => writer.i64(sums[slot]!.total),
  };
}

function integerMerger(): Merger {
  let total: bigint | undefined;
  return {
    reset: () => {
      total = undefined;
    },
    merge: (reader: ByteReader) => {
      total = BigInt.asIntN(64, (total ?? 0n) + reader.i64());
    },
    results: () => (total === undefined ? [] : [{ value: exactNumber(total), timeNs: undefined, neighbours: [] }]),
  };
}
