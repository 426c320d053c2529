import { DbError } from '@varve/base';
import type { Cell, SeriesSlice } from '@varve/model';
import type { PartialState, Run } from '../functions/function-definition.ts';
import { FUNCTIONS } from '../functions/function-table.ts';
import { denseVector, type Vector } from '../functions/vector.ts';
import type { WindowStates } from '../partial/aggregate-frame.ts';
import type { AggregatesOutput, MeasurementPlan, PlanCall, ShardPlan } from '../plan/shard-plan.ts';
import type { WindowGrid } from '../plan/window-grid.ts';
import type { SourceSeries } from './shard-source.ts';
import { cellReader, convertedColumn, rowsThatPass, type SeriesRows } from './slice-cells.ts';

/**
 * The partial aggregates of one group in one shard. Values go in series by series; a run of values inside one window is
 * one call of each function, so that the loops over values are bare loops over typed arrays.
 */
export class GroupAggregates {
  readonly #plan: ShardPlan;
  readonly #output: AggregatesOutput;
  readonly #measurement: MeasurementPlan;
  readonly #grid: WindowGrid;
  readonly #states: readonly PartialState[];
  readonly #hasValues: boolean[];
  /** Window → slot, in order of first appearance. */
  readonly #slots = new Map<number, number>();

  constructor(plan: ShardPlan & { readonly output: AggregatesOutput }, measurement: MeasurementPlan, grid: WindowGrid) {
    this.#plan = plan;
    this.#output = plan.output;
    this.#measurement = measurement;
    this.#grid = grid;
    this.#states = plan.output.calls.map((call) => createState(plan, call));
    this.#hasValues = plan.output.calls.map(() => false);
  }

  /** Per call, whether anything was added. */
  get hasValues(): readonly boolean[] {
    return this.#hasValues;
  }

  /** @throws DbError QUERY_LIMIT when there are too many windows, or too many values in one */
  add(series: SourceSeries, slice: SeriesSlice): void {
    const rows: SeriesRows = { series, slice };
    const selected = rowsThatPass(this.#measurement, rows);
    const neighbours = this.#output.neighbours.map((column) =>
      cellReader(this.#measurement.origins[column]!, this.#plan.columns[column]!.type, rows),
    );
    for (const column of new Set(this.#output.calls.map((call) => call.column))) {
      const origin = this.#measurement.origins[column]!;
      if (origin.kind !== 'field') continue;
      const values = convertedColumn(slice, origin.name, this.#plan.columns[column]!.type);
      if (values === undefined) continue;
      this.#addVector(column, denseVector(values, slice.offsetsNs, selected), (vector) => ({
        seriesKey: series.key,
        neighbours: (index: number): readonly Cell[] => neighbours.map((read) => read(vector.rowIndexes?.[index] ?? index)),
      }));
    }
  }

  /** What was gathered, windows in the order of the answer. */
  finish(): WindowStates {
    const order = Array.from(this.#slots, ([windowIndex, slot]) => ({ windowIndex, slot }));
    const sign = this.#plan.isDescending ? -1 : 1;
    order.sort((left, right) => sign * (left.windowIndex - right.windowIndex));
    return { order, states: this.#states };
  }

  #addVector(column: number, vector: Vector, contextOf: (vector: Vector) => Pick<Run, 'seriesKey' | 'neighbours'>): void {
    const { offsetsNs } = vector;
    if (offsetsNs.length === 0) return;
    const context = contextOf(vector);
    const states = this.#states.filter((_state, call) => this.#output.calls[call]!.column === column);
    for (const [call, plan] of this.#output.calls.entries()) if (plan.column === column) this.#hasValues[call] = true;
    for (let start = 0; start < offsetsNs.length; ) {
      const windowIndex = this.#grid.indexOf(offsetsNs[start]!);
      const end = firstAtOrAfter(offsetsNs, start, this.#grid.endOf(windowIndex));
      const slot = this.#slotOf(windowIndex);
      const run = { vector, start, end, ...context };
      for (const state of states) state.add(slot, run);
      start = end;
    }
  }

  #slotOf(windowIndex: number): number {
    const known = this.#slots.get(windowIndex);
    if (known !== undefined) return known;
    const slot = this.#slots.size;
    if (slot >= this.#output.windowCountMax) {
      throw new DbError('QUERY_LIMIT', `more than ${this.#output.windowCountMax} windows in one series: narrow the time range or widen the interval`);
    }
    this.#slots.set(windowIndex, slot);
    return slot;
  }
}

function createState(plan: ShardPlan & { readonly output: AggregatesOutput }, call: PlanCall): PartialState {
  return FUNCTIONS[call.function].createPartial({
    type: plan.columns[call.column]!.type,
    parameter: call.parameter,
    neighbourCount: plan.output.neighbours.length,
  });
}

/** The first index from `start` on whose offset is not before `bound`: steps that double, then halves. */
function firstAtOrAfter(offsetsNs: Float64Array, start: number, bound: number): number {
  const { length } = offsetsNs;
  if (offsetsNs[length - 1]! < bound) return length;
  let step = 1;
  while (start + step < length && offsetsNs[start + step]! < bound) step *= 2;
  let low = start + (step >> 1);
  let high = Math.min(start + step, length);
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (offsetsNs[middle]! < bound) low = middle + 1;
    else high = middle;
  }
  return low;
}
