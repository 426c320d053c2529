import { HeldValues } from '../limits/held-values.ts';
import { compareGroups, type GroupKey } from '../partial/group-key.ts';
import type { MergePlan, RowLimits } from '../plan/query-plan.ts';
import { RowGate } from './limit-rows.ts';
import type { RowBatch } from './row-batch.ts';

/** Limits that name a number of series. */
export type SeriesLimits = RowLimits & { readonly seriesLimit: number };

/** Whether SLIMIT chooses among series that come from the last to the first: then it must be known where they end. */
export function choosesFromTheEnd({ isDescending, hasOneSeries }: MergePlan, limits: RowLimits): limits is SeriesLimits {
  return isDescending && !hasOneSeries && limits.seriesLimit !== undefined;
}

interface HeldSeries {
  readonly batches: RowBatch[];
  valueCount: number;
}

/**
 * What `RowGate` does, where the series of each measurement come in descending order: SLIMIT and SOFFSET count them in ascending order all
 * the same (SL1), so that the last ones are held, already cut by LIMIT and OFFSET, until the measurement is over.
 */
export class SeriesTail {
  readonly #limits: SeriesLimits;
  readonly #heldMax: number;
  readonly #values: HeldValues;
  readonly #gate: RowGate;
  #group: GroupKey | undefined;
  /** Of the measurement. */
  #seriesCount = 0;
  /** A ring: the n-th series of the measurement stands at n modulo `#heldMax`, in place of one that cannot be chosen any more. */
  #held: HeldSeries[] = [];

  constructor(limits: SeriesLimits, valueCountMax: number) {
    this.#limits = limits;
    this.#heldMax = limits.seriesOffset + limits.seriesLimit;
    this.#gate = new RowGate({ ...limits, seriesLimit: undefined, seriesOffset: 0 }, false);
    this.#values = new HeldValues(valueCountMax, {
      owner: 'the series that SLIMIT chooses from',
      advice: 'under ORDER BY time DESC they wait for the last one; narrow the time range, let LIMIT cut their rows, or ask for fewer with SLIMIT and SOFFSET',
    });
  }

  /** A `Stage`. @throws DbError QUERY_LIMIT */
  *pass(batches: Iterable<RowBatch>, isLast: boolean): Generator<RowBatch> {
    for (const batch of batches) {
      if (this.#group !== undefined && this.#group.measurement !== batch.group.measurement) yield* this.#take();
      this.#hold(batch);
    }
    if (isLast) yield* this.#take();
  }

  #hold(batch: RowBatch): void {
    const series = this.#seriesOf(batch.group);
    const cut = this.#gate.passed(batch);
    if (cut === undefined) return;
    series.batches.push(cut);
    this.#count(series, cut.times.ms.length * (1 + cut.inputs.length));
  }

  #seriesOf(group: GroupKey): HeldSeries {
    if (this.#group === undefined || compareGroups(this.#group, group) !== 0) this.#begin(group);
    return this.#held[(this.#seriesCount - 1) % this.#heldMax]!;
  }

  #begin(group: GroupKey): void {
    this.#group = group;
    const place = this.#seriesCount % this.#heldMax;
    this.#values.release(this.#held[place]?.valueCount ?? 0);
    const series = { batches: [], valueCount: 0 };
    this.#held[place] = series;
    this.#seriesCount += 1;
    // A series counts even without a row.
    this.#count(series, 1);
  }

  #count(series: HeldSeries, valueCount: number): void {
    series.valueCount += valueCount;
    this.#values.add(valueCount);
  }

  /** The chosen ones of the measurement; nothing is held after that. */
  *#take(): Generator<RowBatch> {
    const [held, count] = [this.#held, this.#seriesCount];
    for (const { valueCount } of held) this.#values.release(valueCount);
    this.#held = [];
    this.#seriesCount = 0;
    this.#group = undefined;
    const end = count - this.#limits.seriesOffset;
    for (let index = Math.max(count - this.#heldMax, 0); index < end; index += 1) yield* held[index % this.#heldMax]!.batches;
  }
}
