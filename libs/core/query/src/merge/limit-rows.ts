import { compareGroups, type GroupKey } from '../partial/group-key.ts';
import type { RowLimits } from '../plan/query-plan.ts';
import { sliceBatch, type RowBatch } from './row-batch.ts';

/** Lets LIMIT and OFFSET rows of each series pass, and SLIMIT and SOFFSET series of each measurement, counted as they come (`SeriesTail`: from their end). */
export class RowGate {
  readonly #limits: RowLimits;
  readonly #hasOneSeries: boolean;
  #group: GroupKey | undefined;
  /** Of the measurement, counted from 0. */
  #seriesIndex = -1;
  /** Rows of the series seen so far. */
  #rowCount = 0;

  constructor(limits: RowLimits, hasOneSeries: boolean) {
    this.#limits = limits;
    this.#hasOneSeries = hasOneSeries;
  }

  /** No further row passes. */
  get isDone(): boolean {
    return this.#hasOneSeries && this.#rowCount >= this.#endRow;
  }

  *pass(batches: Iterable<RowBatch>): Generator<RowBatch> {
    if (this.isDone) return;
    for (const batch of batches) {
      const passed = this.passed(batch);
      if (passed !== undefined) yield passed;
      if (this.isDone) return;
    }
  }

  /** What is left of the next batch; undefined: nothing. */
  passed(batch: RowBatch): RowBatch | undefined {
    this.#enter(batch.group);
    const firstRow = this.#rowCount;
    const { length } = batch.times.ms;
    this.#rowCount += length;
    if (!this.#isSeriesWanted) return undefined;
    const start = Math.max(this.#limits.offset - firstRow, 0);
    const end = Math.min(this.#endRow - firstRow, length);
    return start < end ? sliceBatch(batch, start, end) : undefined;
  }

  #enter(group: GroupKey): void {
    if (this.#group !== undefined && compareGroups(this.#group, group) === 0) return;
    this.#seriesIndex = this.#group?.measurement === group.measurement ? this.#seriesIndex + 1 : 0;
    this.#group = group;
    this.#rowCount = 0;
  }

  get #isSeriesWanted(): boolean {
    // As InfluxDB has it, SOFFSET without SLIMIT leaves nothing.
    const { seriesOffset, seriesLimit = seriesOffset === 0 ? Infinity : 0 } = this.#limits;
    return this.#seriesIndex >= seriesOffset && this.#seriesIndex < seriesOffset + seriesLimit;
  }

  get #endRow(): number {
    return this.#limits.offset + (this.#limits.limit ?? Infinity);
  }
}
