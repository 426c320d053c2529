import type { Run } from './run.ts';
import { grownInts, SlotChains } from './slot-chains.ts';

/** What the runs of one series' slice have alike. */
type RunSource = Omit<Run, 'start' | 'end'>;

/** Runs by slot, without an object for each: where windows are short every value is a run of its own. */
export class RunStore {
  readonly #sources: RunSource[] = [];
  readonly #slots = new SlotChains();
  /** By run: its source, and where it begins and ends in it. */
  #runs = new Int32Array(3 * 16);
  #runCount = 0;

  /** What runs take up, without their sources. */
  get sizeBytes(): number {
    return this.#slots.sizeBytes + 4 * this.#runs.length;
  }

  add(slot: number, { start, end, ...source }: Run): void {
    if (this.#sources.at(-1)?.vector !== source.vector) this.#sources.push(source);
    const at = 3 * this.#runCount;
    if (at === this.#runs.length) this.#runs = grownInts(this.#runs, 0);
    this.#runs[at] = this.#sources.length - 1;
    this.#runs[at + 1] = start;
    this.#runs[at + 2] = end;
    this.#slots.append(slot, this.#runCount);
    this.#runCount += 1;
  }

  /** The runs of a slot, cut so that none has more values than this. */
  partsOf(slot: number, valueCountMax: number): Run[] {
    const parts: Run[] = [];
    for (const run of this.#slots.entriesOf(slot)) {
      const source = this.#sources[this.#runs[3 * run]!]!;
      const end = this.#runs[3 * run + 2]!;
      for (let start = this.#runs[3 * run + 1]!; start < end; start += valueCountMax) parts.push({ ...source, start, end: Math.min(start + valueCountMax, end) });
    }
    return parts;
  }
}
