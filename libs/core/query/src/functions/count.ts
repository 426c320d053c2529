import { NO_OFFSETS, numbersOrNull, type ColumnForm, type NumberPartial } from './column-form.ts';
import type { FunctionDefinition } from './function-definition.ts';
import type { Runs, SummaryRun } from './run.ts';
import { withColumns } from './with-columns.ts';

/** How many values there are by window. */
export class Counts implements NumberPartial {
  readonly #counts: number[] = [];
  readonly numbers = [this.#counts];
  readonly offsetsNs = NO_OFFSETS;
  readonly countIsEnough = true;

  has(slot: number): boolean {
    return this.#counts[slot] !== undefined;
  }

  add({ count, starts, slots }: Runs): void {
    for (let run = 0; run < count; run += 1) this.#add(slots[run]!, starts[run + 1]! - starts[run]!);
  }

  addSummary(slot: number, { count }: SummaryRun): void {
    this.#add(slot, count);
  }

  #add(slot: number, count: number): void {
    this.#counts[slot] = (this.#counts[slot] ?? 0) + count;
  }
}

const COLUMNS: ColumnForm = {
  numberCount: 1,
  hasTime: false,
  createPartial: () => new Counts(),
  join: ({ numbers: [into] }, position, { numbers: [from] }, index) => {
    into![position] = Number(into![position]) + Number(from![index]);
  },
  answers: numbersOrNull,
};

/** How many values there are. */
export const count: FunctionDefinition = {
  argumentTypes: ['float', 'integer', 'string', 'boolean'],
  isSelector: false,
  resultType: () => 'integer',
  ...withColumns(() => COLUMNS),
};
