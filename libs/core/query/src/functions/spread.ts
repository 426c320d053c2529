import { NO_OFFSETS, type ColumnForm, type NumberPartial, type StateNumbers } from './column-form.ts';
import type { FunctionDefinition } from './function-definition.ts';
import type { Runs, SummaryRun } from './run.ts';
import { exactNumber, valueIn } from './vector.ts';
import { withColumns } from './with-columns.ts';

class Extremes implements NumberPartial {
  readonly #leasts: StateNumbers = [];
  readonly #greatests: StateNumbers = [];
  readonly numbers = [this.#leasts, this.#greatests];
  readonly offsetsNs = NO_OFFSETS;

  has(slot: number): boolean {
    return this.#leasts[slot] !== undefined;
  }

  add({ vector, count, starts, slots }: Runs): void {
    const values = vector.values as Float64Array | BigInt64Array;
    for (let run = 0; run < count; run += 1) {
      let least = starts[run]!;
      let greatest = least;
      for (let index = least + 1; index < starts[run + 1]!; index += 1) {
        if (values[index]! < values[least]!) least = index;
        if (values[index]! > values[greatest]!) greatest = index;
      }
      this.#add(slots[run]!, valueIn(vector, least) as number | bigint, valueIn(vector, greatest) as number | bigint);
    }
  }

  addSummary(slot: number, { summaries: { numbers }, at }: SummaryRun): void {
    this.#add(slot, numbers!.min[at]!, numbers!.max[at]!);
  }

  #add(slot: number, least: number | bigint, greatest: number | bigint): void {
    this.#leasts[slot] = lesser(this.#leasts[slot] ?? least, least);
    this.#greatests[slot] = greater(this.#greatests[slot] ?? greatest, greatest);
  }
}

/** The state is the least and the greatest value. */
const columnsWith = (distance: (least: number | bigint, greatest: number | bigint) => number | bigint): ColumnForm => ({
  numberCount: 2,
  hasTime: false,
  createPartial: () => new Extremes(),
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
