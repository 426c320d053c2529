import type { ColumnForm, StateNumbers } from './column-form.ts';
import type { FunctionDefinition } from './function-definition.ts';
import { exactNumber, valueIn } from './vector.ts';
import { withColumns } from './with-columns.ts';

/** The state is the least and the greatest value. */
const columnsWith = (distance: (least: number | bigint, greatest: number | bigint) => number | bigint): ColumnForm => ({
  numberCount: 2,
  hasTime: false,
  createPartial: () => {
    const leasts: StateNumbers = [];
    const greatests: StateNumbers = [];
    const add = (slot: number, least: number | bigint, greatest: number | bigint): void => {
      leasts[slot] = lesser(leasts[slot] ?? least, least);
      greatests[slot] = greater(greatests[slot] ?? greatest, greatest);
    };
    return {
      ...{ numbers: [leasts, greatests], offsetsNs: [] },
      has: (slot) => leasts[slot] !== undefined,
      add: (slot, { vector, start, end }) => {
        const values = vector.values as Float64Array | BigInt64Array;
        let least = start;
        let greatest = start;
        for (let index = start + 1; index < end; index += 1) {
          if (values[index]! < values[least]!) least = index;
          if (values[index]! > values[greatest]!) greatest = index;
        }
        add(slot, valueIn(vector, least) as number | bigint, valueIn(vector, greatest) as number | bigint);
      },
      addSummary: (slot, { summary: { numbers } }) => add(slot, numbers!.min, numbers!.max),
    };
  },
  join: ({ numbers: [leasts, greatests] }, position, { numbers: [fromLeasts, fromGreatests] }, index) => {
    leasts![position] = lesser(leasts![position]!, fromLeasts![index]!);
    greatests![position] = greater(greatests![position]!, fromGreatests![index]!);
  },
  answers: ({ has, numbers: [leasts, greatests] }) => leasts!.map((least, window) => (has[window] === 1 ? distance(least, greatests![window]!) : null)),
});

/** The distance between the least and the greatest value. */
export const spread: FunctionDefinition = {
  argumentTypes: ['float', 'integer'],
  isSelector: false,
  resultType: (type) => type,
  ...withColumns((type) => columnsWith(type === 'integer' ? integerDistance : floatDistance)),
};

function lesser(left: number | bigint, right: number | bigint): number | bigint {
  return right < left ? right : left;
}

function greater(left: number | bigint, right: number | bigint): number | bigint {
  return right > left ? right : left;
}

function floatDistance(least: number | bigint, greatest: number | bigint): number {
  return Number(greatest) - Number(least);
}

/** Exact; it wraps around at 64 bits. */
function integerDistance(least: number | bigint, greatest: number | bigint): number | bigint {
  if (typeof least === 'number' && typeof greatest === 'number' && Number.isSafeInteger(greatest - least)) return greatest - least;
  return exactNumber(BigInt.asIntN(64, BigInt(greatest) - BigInt(least)));
}
