import { numbersOrNull, NO_OFFSETS, type ColumnForm, type NumberPartial, type StateNumbers } from './column-form.ts';
import type { Runs, SummaryRun } from './run.ts';
import { exactNumber, type Vector } from './vector.ts';

/** What makes the greatest or the least of integers. */
interface Extreme {
  /** Of at least one value, [start, end). */
  bestIn(values: Float64Array | BigInt64Array, start: number, end: number): number | bigint;
  beats(value: number | bigint, held: number | bigint): boolean;
  /** Of all values that a summary stands for. */
  bestOf(run: SummaryRun): number;
}

/** The state is the value alone: where rows are windows, nobody sees when the point was. */
export function extremeColumns(extreme: Extreme): ColumnForm {
  return {
    numberCount: 1,
    hasTime: false,
    createPartial: () => new ExtremeNumbers(extreme),
    join: ({ numbers: [held] }, position, { numbers: [values] }, index) => {
      if (extreme.beats(values![index]!, held![position]!)) held![position] = values![index]!;
    },
    answers: numbersOrNull,
  };
}

class ExtremeNumbers implements NumberPartial {
  readonly #extreme: Extreme;
  readonly #values: StateNumbers = [];
  readonly numbers = [this.#values];
  readonly offsetsNs = NO_OFFSETS;

  constructor(extreme: Extreme) {
    this.#extreme = extreme;
  }

  has(slot: number): boolean {
    return this.#values[slot] !== undefined;
  }

  add({ vector, count, starts, slots }: Runs): void {
    const values = vector.values as NumericValues;
    for (let run = 0; run < count; run += 1) {
      const best = this.#extreme.bestIn(values, starts[run]!, starts[run + 1]!);
      this.#offer(slots[run]!, typeof best === 'bigint' ? exactNumber(best) : best);
    }
  }

  addSummary(slot: number, run: SummaryRun): void {
    this.#offer(slot, this.#extreme.bestOf(run));
  }

  #offer(slot: number, value: number | bigint): void {
    const held = this.#values[slot];
    if (held === undefined || this.#extreme.beats(value, held)) this.#values[slot] = value;
  }
}

type NumericValues = Extract<Vector['values'], Float64Array | BigInt64Array>;
