import type { Runs } from '../functions/run.ts';
import type { WindowGrid } from '../plan/window-grid.ts';
import type { WindowSlots } from './window-slots.ts';

/** What all begin with: a cut is used before anybody else cuts. */
const [STARTS, SLOTS] = [new Int32Array(1_024), new Int32Array(1_024)];

/** Cuts times that ascend at the ends of windows, into arrays that the next cut uses again, of whomever. */
export class RunCutter {
  readonly #grid: WindowGrid;
  #starts = STARTS;
  #slots = SLOTS;

  constructor(grid: WindowGrid) {
    this.#grid = grid;
  }

  /** Indexes [start, end) by window. @throws DbError QUERY_LIMIT when there are too many windows */
  cut(offsetsNs: Float64Array, start: number, end: number, slots: WindowSlots): Omit<Runs, 'vector'> {
    let count = 0;
    for (let index = start; index < end; count += 1) {
      if (count + 1 >= this.#starts.length) this.#grow();
      const window = this.#grid.indexOf(offsetsNs[index]!);
      this.#starts[count] = index;
      this.#slots[count] = slots.slotOf(window);
      index = firstAtOrAfter(offsetsNs, index, end, this.#grid.endOf(window));
    }
    this.#starts[count] = end;
    return { count, starts: this.#starts, slots: this.#slots };
  }

  #grow(): void {
    const [starts, slots] = [this.#starts, this.#slots];
    this.#starts = new Int32Array(starts.length * 2);
    this.#slots = new Int32Array(slots.length * 2);
    this.#starts.set(starts);
    this.#slots.set(slots);
  }
}

/** The first index of [start, end) whose offset is not before `bound`, `end` if there is none: steps that double, then halves. */
export function firstAtOrAfter(offsetsNs: Float64Array, start: number, end: number, bound: number): number {
  if (start === end || offsetsNs[end - 1]! < bound) return end;
  let step = 1;
  while (start + step < end && offsetsNs[start + step]! < bound) step *= 2;
  let low = start + (step >> 1);
  let high = Math.min(start + step, end);
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (offsetsNs[middle]! < bound) low = middle + 1;
    else high = middle;
  }
  return low;
}
