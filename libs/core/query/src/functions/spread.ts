import type { FieldValue } from '@varve/model';
import { decodeValue, encodeCell } from '../partial/cell-bytes.ts';
import type { FunctionDefinition } from './function-definition.ts';
import { exactNumber, valueIn, type Vector } from './vector.ts';

interface Bounds {
  least: number | bigint;
  greatest: number | bigint;
}

/** The distance between the least and the greatest value. */
export const spread: FunctionDefinition = {
  argumentTypes: ['float', 'integer'],
  isSelector: false,
  resultType: (type) => type,
  createPartial: () => {
    const slots: Bounds[] = [];
    return {
      add: (slot, { vector, start, end }) => {
        slots[slot] = joined(slots[slot], boundsOf(vector, start, end));
      },
      addSummary: (slot, { summary: { numbers } }) => {
        slots[slot] = joined(slots[slot], { least: numbers!.min, greatest: numbers!.max });
      },
      partCount: (slot) => (slots[slot] === undefined ? 0 : 1),
      encode: (slot, _part, writer) => {
        encodeCell(writer, slots[slot]!.least);
        encodeCell(writer, slots[slot]!.greatest);
      },
    };
  },
  createMerger: ({ type }) => {
    let bounds: Bounds | undefined;
    return {
      reset: () => {
        bounds = undefined;
      },
      merge: (reader) => {
        bounds = joined(bounds, { least: numeric(decodeValue(reader)), greatest: numeric(decodeValue(reader)) });
      },
      results: () => {
        if (bounds === undefined) return [];
        const value = type === 'integer' ? integerDistance(bounds) : Number(bounds.greatest) - Number(bounds.least);
        return [{ value, timeNs: undefined, neighbours: [] }];
      },
    };
  },
};

function boundsOf(vector: Vector, start: number, end: number): Bounds {
  const values = vector.values as Float64Array | BigInt64Array;
  let least = start;
  let greatest = start;
  for (let index = start + 1; index < end; index += 1) {
    if (values[index]! < values[least]!) least = index;
    if (values[index]! > values[greatest]!) greatest = index;
  }
  return { least: numeric(valueIn(vector, least)), greatest: numeric(valueIn(vector, greatest)) };
}

function joined(left: Bounds | undefined, right: Bounds): Bounds {
  if (left === undefined) return right;
  return {
    least: right.least < left.least ? right.least : left.least,
    greatest: right.greatest > left.greatest ? right.greatest : left.greatest,
  };
}

function integerDistance({ least, greatest }: Bounds): number | bigint {
  return exactNumber(BigInt.asIntN(64, BigInt(greatest) - BigInt(least)));
}

function numeric(value: FieldValue): number | bigint {
  return value as number | bigint;
}
