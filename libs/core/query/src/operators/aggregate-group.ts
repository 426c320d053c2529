import type { Cell, SeriesKey, SeriesSlice, SeriesSummaries } from '@varve/model';
import type { NumberPartial } from '../functions/column-form.ts';
import type { PartialState } from '../functions/function-definition.ts';
import type { Runs } from '../functions/run.ts';
import type { Steps } from '../functions/steps.ts';
import { denseVector } from '../functions/vector.ts';
import { AGGREGATE_FRAME, encodeGroup } from '../partial/aggregate-frame.ts';
import { COLUMN_FRAME, encodeColumns } from '../partial/column-frame.ts';
import type { FrameWriter } from '../partial/frame-writer.ts';
import type { GroupKey } from '../partial/group-key.ts';
import type { WindowOrder } from '../partial/window-order.ts';
import type { RowReader } from '../plan/expression.ts';
import type { AggregatesOutput } from '../plan/shard-plan.ts';
import { takeSummary, type AggregateCalls, type CallStates } from './aggregate-calls.ts';
import { firstAtOrAfter } from './run-cutter.ts';
import type { OffsetRange, SourceSeries } from './shard-source.ts';
import { cellReader, convertedColumn, type SeriesRows } from './slice-cells.ts';
import { WindowSlots } from './window-slots.ts';

/** The kind of the frames that `GroupAggregates` encodes. */
export function frameKind({ form }: AggregatesOutput): number {
  return form === 'columns' ? COLUMN_FRAME : AGGREGATE_FRAME;
}

/**
 * The partial aggregates of one group in one shard. Values go in series by series; they are cut at the ends of windows once for all
 * calls that take the same rows, so that the loops over values are bare loops over typed arrays.
 */
export class GroupAggregates {
  readonly #calls: AggregateCalls;
  readonly #key: GroupKey;
  /** One per call. */
  readonly #states: CallStates;
  /** Per call, whether anything was added. */
  readonly #hasValues: boolean[];
  readonly #slots: WindowSlots;
  #pointCount = 0;

  constructor(calls: AggregateCalls, key: GroupKey) {
    this.#calls = calls;
    this.#key = key;
    this.#states = calls.createStates();
    this.#hasValues = this.#states.map(() => false);
    this.#slots = new WindowSlots(calls.plan.output.windowCountMax);
  }

  /** How many windows, per call, and values are held. */
  get heldCount(): number {
    return this.#states.reduce((count, state) => count + ('heldCount' in state ? state.heldCount!() : 0), this.#slots.count * this.#states.length);
  }

  /** Whether no later window changes what the wanted ones come to (FW1): a count of nothing is 0 only where there is something to count at all. */
  get hasEnough(): boolean {
    const { calls, wantedWindowCount = Infinity } = this.#calls.plan.output;
    return this.#slots.count >= wantedWindowCount && calls.every((call, index) => call.function !== 'count' || this.#hasValues[index]);
  }

  /** Rows that were added, and passed the filter. */
  get pointCount(): number {
    return this.#pointCount;
  }

  /**
   * Adds what rows of pages come to, those of each in one window. Nothing is added of a page whose rows themselves are needed: the range of
   * each such one is returned.
   * @throws DbError QUERY_LIMIT when there are too many windows
   */
  addSummaries(series: SourceSeries, summaries: SeriesSummaries): readonly OffsetRange[] {
    const { groups, grid } = this.#calls;
    const { start, end, minOffsetsNs, maxOffsetsNs, rowCounts } = summaries;
    const fields = this.#calls.fieldsOf(summaries);
    const runs = fields.map((field) => field && { minOffsetNs: 0, maxOffsetNs: 0, count: 0, summaries: field.summaries, at: 0, seriesKey: series.key });
    const unclear: OffsetRange[] = [];
    for (let at = start; at < end; at += 1) {
      const [minOffsetNs, maxOffsetNs, rowCount] = [minOffsetsNs[at]!, maxOffsetsNs[at]!, rowCounts[at - start]!];
      if (!takeSummary(groups, { minOffsetNs, maxOffsetNs, at }, fields)) {
        unclear.push({ startOffsetNs: minOffsetNs, endOffsetNs: maxOffsetNs + 1 });
        continue;
      }
      const window = grid.indexOf(minOffsetNs);
      this.#pointCount += rowCount;
      for (let index = 0; index < groups.length; index += 1) {
        const { calls, startNs, endNs } = groups[index]!;
        const run = runs[index];
        if (run === undefined || startNs > minOffsetNs || endNs <= maxOffsetNs) continue;
        run.minOffsetNs = minOffsetNs;
        run.maxOffsetNs = maxOffsetNs;
        run.count = rowCount - (run.summaries.gaps?.[0][at] ?? 0);
        run.at = at;
        const slot = this.#slots.slotOf(window);
        for (const call of calls) {
          this.#hasValues[call] = true;
          this.#states[call]!.addSummary!(slot, run);
        }
      }
    }
    return unclear;
  }

  /** @throws DbError QUERY_LIMIT when there are too many windows, or too many values in one */
  add(series: SourceSeries, slice: SeriesSlice): void {
    const { plan: { columns, output }, measurement: { origins }, groups, rowFilter, cutter } = this.#calls;
    const rows: SeriesRows = { series, slice };
    const selected = rowFilter.rowsThatPass(rows);
    this.#pointCount += selected?.length ?? slice.offsetsNs.length;
    const neighbours = output.neighbours.map((column) => cellReader(origins[column]!, columns[column]!.type, rows));
    let cut: (Omit<Runs, 'vector'> & { readonly offsetsNs: Float64Array; readonly start: number; readonly end: number }) | undefined;
    for (const { column, calls, startNs, endNs } of groups) {
      const origin = origins[column]!;
      const values = origin.kind === 'field' ? convertedColumn(slice, origin.name, columns[column]!.type) : undefined;
      if (values === undefined) continue;
      const vector = denseVector(values, slice.offsetsNs, selected);
      const { offsetsNs } = vector;
      const start = startNs === -Infinity ? 0 : firstAtOrAfter(offsetsNs, 0, offsetsNs.length, startNs);
      const end = endNs === Infinity ? offsetsNs.length : firstAtOrAfter(offsetsNs, start, offsetsNs.length, endNs);
      if (start === end) continue;
      if (cut === undefined || cut.offsetsNs !== offsetsNs || cut.start !== start || cut.end !== end) cut = { ...cutter.cut(offsetsNs, start, end, this.#slots), offsetsNs, start, end };
      const runs = { vector, count: cut.count, starts: cut.starts, slots: cut.slots };
      for (const call of calls) {
        this.#hasValues[call] = true;
        if (output.form === 'columns') (this.#states[call] as NumberPartial).add(runs);
        else addEach(this.#states[call] as PartialState, runs, series.key, neighbours);
      }
    }
  }

  /** The windows in the order of the answer. */
  order(): Steps<WindowOrder> {
    return this.#slots.inOrder(this.#calls.plan.isDescending);
  }

  /** The frames of what was gathered; the last of it may stay in the writer. */
  *encode(writer: FrameWriter, order: WindowOrder): Generator<Uint8Array> {
    if (this.#slots.count === 0) return;
    const { isDescending, output } = this.#calls.plan;
    const hasValues = this.#hasValues;
    if (output.form === 'states') yield* encodeGroup(writer, { key: this.#key, hasValues }, { order, states: this.#states as PartialState[] });
    else yield* encodeColumns(writer, { group: this.#key, hasValues, order, isDescending, partials: this.#states as NumberPartial[] });
  }
}

/** `readers`: of the cells beside a value. */
function addEach(state: PartialState, { vector, count, starts, slots }: Runs, seriesKey: SeriesKey, readers: readonly RowReader[]): void {
  const neighbours = (index: number): readonly Cell[] => readers.map((read) => read(vector.rowIndexes?.[index] ?? index));
  for (let run = 0; run < count; run += 1) state.add(slots[run]!, { vector, start: starts[run]!, end: starts[run + 1]!, seriesKey, neighbours });
}
