import { FloatSum } from '@varve/base';
import { NO_OFFSETS, type NumberPartial, type StateNumbers } from './column-form.ts';
import type { Runs, SummaryRun } from './run.ts';

// Sums of floats by window: a column of sums and a column of what they lack.

/** Goes from slot to slot. */
const running = new FloatSum();

/** Numbers: sums, rests. */
export class FloatSums implements NumberPartial {
  readonly #sums: number[] = [];
  readonly #rests: number[] = [];
  readonly numbers = [this.#sums, this.#rests];
  readonly offsetsNs = NO_OFFSETS;

  has(slot: number): boolean {
    return this.#sums[slot] !== undefined;
  }

  add({ vector, count, starts, slots }: Runs): void {
    const values = vector.values as Float64Array | BigInt64Array;
    for (let run = 0; run < count; run += 1) {
      const [start, end] = [starts[run]!, starts[run + 1]!];
      this.#load(slots[run]!);
      if (values instanceof Float64Array) running.addRange(values, start, end);
      else for (let index = start; index < end; index += 1) running.add(Number(values[index]!));
      this.#store(slots[run]!);
    }
  }

  addSummary(slot: number, { summaries: { numbers }, at }: SummaryRun): void {
    this.#load(slot);
    running.addPair(numbers!.sum[at]!, numbers!.sumRest?.[at] ?? 0);
    this.#store(slot);
  }

  #load(slot: number): void {
    running.set(this.#sums[slot] ?? 0, this.#rests[slot] ?? 0);
  }

  #store(slot: number): void {
    this.#sums[slot] = running.sum;
    this.#rests[slot] = running.lack;
  }
}

/** Adds the sum at an index of one pair of columns to the one at a position of another. */
export function joinFloatSums(
  [sums, rests]: readonly [StateNumbers, StateNumbers],
  position: number,
  [fromSums, fromRests]: readonly [StateNumbers, StateNumbers],
  index: number,
): void {
  const joined = new FloatSum().set(sums[position] as number, rests[position] as number);
  joined.addPair(fromSums[index] as number, fromRests[index] as number);
  sums[position] = joined.sum;
  rests[position] = joined.lack;
}
