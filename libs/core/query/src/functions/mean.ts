import { FloatSum } from '@varve/base';
import type { Cell } from '@varve/model';
import { NO_OFFSETS, type ColumnForm, type NumberPartial } from './column-form.ts';
import { Counts } from './count.ts';
import { FloatSums, joinFloatSums } from './float-sums.ts';
import type { FunctionDefinition } from './function-definition.ts';
import type { Runs, SummaryRun } from './run.ts';
import { withColumns } from './with-columns.ts';

class Means implements NumberPartial {
  readonly #counts = new Counts();
  readonly #sums = new FloatSums();
  readonly numbers = [...this.#counts.numbers, ...this.#sums.numbers];
  readonly offsetsNs = NO_OFFSETS;

  has(slot: number): boolean {
    return this.#counts.has(slot);
  }

  add(runs: Runs): void {
    this.#counts.add(runs);
    this.#sums.add(runs);
  }

  addSummary(slot: number, run: SummaryRun): void {
    this.#counts.addSummary(slot, run);
    this.#sums.addSummary(slot, run);
  }
}

/** The state is a count, and a sum with what it lacks. */
const COLUMNS: ColumnForm = {
  numberCount: 3,
  hasTime: false,
  createPartial: () => new Means(),
  join: ({ numbers: [counts, sums, rests] }, position, { numbers: [fromCounts, fromSums, fromRests] }, index) => {
    counts![position] = Number(counts![position]) + Number(fromCounts![index]);
    joinFloatSums([sums!, rests!], position, [fromSums!, fromRests!], index);
  },
  answers: ({ has, numbers: [counts, sums, rests] }) => {
    const total = new FloatSum();
    const means: Cell[] = [];
    for (let window = 0; window < has.length; window += 1) {
      means.push(has[window] === 1 ? total.set(sums![window] as number, rests![window] as number).total / Number(counts![window]) : null);
    }
    return means;
  },
};

/** The arithmetic mean, always a float. */
export const mean: FunctionDefinition = {
  argumentTypes: ['float', 'integer'],
  isSelector: false,
  resultType: () => 'float',
  ...withColumns(() => COLUMNS),
};
