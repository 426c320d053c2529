import { DbError, type TimestampNs } from '@varve/base';
import type { Cell, FieldType, SeriesSlice, SeriesSummary } from '@varve/model';
import type { NumberPartial } from '../functions/column-form.ts';
import type { PartialState } from '../functions/function-definition.ts';
import type { Run } from '../functions/run.ts';
import { columnForm, FUNCTIONS } from '../functions/function-table.ts';
import { denseVector } from '../functions/vector.ts';
import { AGGREGATE_FRAME, encodeGroup, type WindowStates } from '../partial/aggregate-frame.ts';
import { COLUMN_FRAME, encodeColumns } from '../partial/column-frame.ts';
import type { FrameWriter } from '../partial/frame-writer.ts';
import { optionsOf, type AggregatesOutput, type PlanCall, type ShardPlan } from '../plan/shard-plan.ts';
import type { WindowGrid } from '../plan/window-grid.ts';
import type { SeriesGroup } from './series-groups.ts';
import type { SourceSeries } from './shard-source.ts';
import { cellReader, convertedColumn, type SeriesRows } from './slice-cells.ts';

/** A plan that asks for aggregates. */
export type AggregatesPlan = ShardPlan & { readonly output: AggregatesOutput };

/** The kind of the frames that `GroupAggregates` encodes. */
export function frameKind({ form }: AggregatesOutput): number {
  return form === 'columns' ? COLUMN_FRAME : AGGREGATE_FRAME;
}

/** A shard as aggregates see it. */
export interface ShardWindows {
  readonly grid: WindowGrid;
  readonly startNs: TimestampNs;
}

/**
 * The partial aggregates of one group in one shard. Values go in series by series; a run of values inside one window is
 * one call of each function, so that the loops over values are bare loops over typed arrays.
 */
export class GroupAggregates {
  readonly #plan: AggregatesPlan;
  readonly #group: Omit<SeriesGroup, 'series'>;
  readonly #grid: WindowGrid;
  /** One per call. */
  readonly #states: readonly (PartialState | NumberPartial)[];
  readonly #hasValues: boolean[];
  /** Calls that take the same values. */
  readonly #callGroups: readonly CallGroup[];
  /** Window → slot, in order of first appearance. */
  readonly #slots = new Map<number, number>();
  #pointCount = 0;

  constructor(plan: AggregatesPlan, group: Omit<SeriesGroup, 'series'>, { grid, startNs }: ShardWindows) {
    const { calls } = plan.output;
    this.#plan = plan;
    this.#group = group;
    this.#grid = grid;
    this.#states = calls.map((call) => createState(plan, call, startNs));
    this.#hasValues = calls.map(() => false);
    this.#callGroups = callGroups(calls, startNs).map((each) => ({
      ...each,
      name: group.measurement.origins[each.column]!.name,
      type: plan.columns[each.column]!.type,
      countIsEnough: each.calls.every((call) => this.#states[call]!.countIsEnough === true),
    }));
  }

  /** Per call, whether anything was added. */
  get hasValues(): readonly boolean[] {
    return this.#hasValues;
  }

  /** How many windows, per call, and values are held. */
  get heldCount(): number {
    return this.#states.reduce((count, state) => count + ('heldCount' in state ? state.heldCount!() : 0), this.#slots.size * this.#states.length);
  }

  /** Rows that were added, and passed the filter. */
  get pointCount(): number {
    return this.#pointCount;
  }

  /** Whether summaries may stand for rows: no row and no cell beside a value is looked at, and each function can do with them. */
  get takesSummaries(): boolean {
    const isFieldOnly = this.#plan.output.calls.every(({ column }) => this.#group.measurement.origins[column]!.kind !== 'tag');
    return this.#group.rowFilter.passesAll && this.#plan.output.neighbours.length === 0 && isFieldOnly && this.#states.every(({ addSummary }) => addSummary !== undefined);
  }

  /**
   * Adds what rows of one window come to; false when the rows themselves are needed, and nothing was added.
   * @throws DbError QUERY_LIMIT when there are too many windows
   */
  addSummary(series: SourceSeries, { minOffsetNs, maxOffsetNs, rowCount, fields }: SeriesSummary): boolean {
    for (const { name, type, countIsEnough, startNs, endNs } of this.#callGroups) {
      // A call that begins or ends among these rows has to see them.
      if ((startNs > minOffsetNs && startNs <= maxOffsetNs) || (endNs > minOffsetNs && endNs <= maxOffsetNs)) return false;
      const field = fieldOf(fields, name, type);
      if (field === undefined) continue;
      if (field.type !== type && type !== 'float') return false;
      if (!countIsEnough && field.summary.numbers === undefined) return false;
    }
    this.#pointCount += rowCount;
    for (const { name, type, calls, startNs, endNs } of this.#callGroups) {
      const field = fieldOf(fields, name, type);
      if (field === undefined || startNs > minOffsetNs || endNs <= maxOffsetNs) continue;
      const { summary } = field;
      const slot = this.#slotOf(this.#grid.indexOf(minOffsetNs));
      const run = { minOffsetNs, maxOffsetNs, count: rowCount - summary.nullCount, summary, seriesKey: series.key };
      for (const call of calls) {
        this.#hasValues[call] = true;
        this.#states[call]!.addSummary!(slot, run);
      }
    }
    return true;
  }

  /** @throws DbError QUERY_LIMIT when there are too many windows, or too many values in one */
  add(series: SourceSeries, slice: SeriesSlice): void {
    const { columns, output } = this.#plan;
    const { origins } = this.#group.measurement;
    const rows: SeriesRows = { series, slice };
    const selected = this.#group.rowFilter.rowsThatPass(rows);
    this.#pointCount += selected?.length ?? slice.offsetsNs.length;
    const neighbours = output.neighbours.map((column) => cellReader(origins[column]!, columns[column]!.type, rows));
    for (const { column, calls, startNs, endNs } of this.#callGroups) {
      const origin = origins[column]!;
      const values = origin.kind === 'field' ? convertedColumn(slice, origin.name, columns[column]!.type) : undefined;
      if (values === undefined) continue;
      const vector = denseVector(values, slice.offsetsNs, selected);
      const from = startNs === -Infinity ? 0 : firstAtOrAfter(vector.offsetsNs, 0, startNs);
      const to = endNs === Infinity ? vector.offsetsNs.length : firstAtOrAfter(vector.offsetsNs, from, endNs);
      if (from === to) continue;
      const neighboursAt = (index: number): readonly Cell[] => neighbours.map((read) => read(vector.rowIndexes?.[index] ?? index));
      for (const call of calls) this.#hasValues[call] = true;
      this.#addRuns({ vector, start: from, end: to, seriesKey: series.key, neighbours: neighboursAt }, calls.map((call) => this.#states[call]!));
    }
  }

  /** The frames of what was gathered, windows in the order of the answer; the last of it may stay in the writer. */
  *encode(writer: FrameWriter): Generator<Uint8Array> {
    const order = this.#order;
    if (order.length === 0) return;
    const { key: group } = this.#group;
    const hasValues = this.#hasValues;
    if (this.#plan.output.form === 'states') yield* encodeGroup(writer, { key: group, hasValues }, { order, states: this.#states as PartialState[] });
    else yield* encodeColumns(writer, { group, hasValues, order, isDescending: this.#plan.isDescending, partials: this.#states as NumberPartial[] });
  }

  get #order(): WindowStates['order'] {
    const order: { readonly windowIndex: number; readonly slot: number }[] = [];
    let isAscending = true;
    for (const [windowIndex, slot] of this.#slots) {
      isAscending &&= order.length === 0 || windowIndex > order.at(-1)!.windowIndex;
      order.push({ windowIndex, slot });
    }
    if (!isAscending) order.sort((left, right) => left.windowIndex - right.windowIndex);
    return this.#plan.isDescending ? order.reverse() : order;
  }

  /** Cuts a run at the edges of windows. */
  #addRuns({ vector, seriesKey, neighbours, ...whole }: Run, states: readonly (PartialState | NumberPartial)[]): void {
    const { offsetsNs } = vector;
    for (let { start } = whole; start < whole.end; ) {
      const windowIndex = this.#grid.indexOf(offsetsNs[start]!);
      const end = Math.min(firstAtOrAfter(offsetsNs, start, this.#grid.endOf(windowIndex)), whole.end);
      const slot = this.#slotOf(windowIndex);
      const run = { vector, start, end, seriesKey, neighbours };
      for (const state of states) state.add(slot, run);
      start = end;
    }
  }

  #slotOf(windowIndex: number): number {
    const known = this.#slots.get(windowIndex);
    if (known !== undefined) return known;
    const { windowCountMax } = this.#plan.output;
    const slot = this.#slots.size;
    if (slot >= windowCountMax) {
      throw new DbError('QUERY_LIMIT', `more than ${windowCountMax} windows in one series: narrow the time range or widen the interval`);
    }
    this.#slots.set(windowIndex, slot);
    return slot;
  }
}

/** Calls on one field, over the same offsets: half-open, −∞ to ∞ where they take all that is read. */
interface CallGroup {
  readonly column: number;
  readonly name: string;
  /** As the plan has it. */
  readonly type: FieldType;
  readonly calls: readonly number[];
  readonly startNs: number;
  readonly endNs: number;
  /** Whether they can do with a summary without numbers. */
  readonly countIsEnough: boolean;
}

function callGroups(calls: readonly PlanCall[], shardStartNs: TimestampNs): Pick<CallGroup, 'column' | 'calls' | 'startNs' | 'endNs'>[] {
  const groups = Map.groupBy(calls.keys(), (call) => `${calls[call]!.column}/${calls[call]!.range?.startNs}/${calls[call]!.range?.endNs}`);
  return Array.from(groups.values(), (members) => {
    const { column, range } = calls[members[0]!]!;
    const [startNs, endNs] = range === undefined ? [-Infinity, Infinity] : [Number(range.startNs - shardStartNs), Number(range.endNs - shardStartNs)];
    return { column, calls: members, startNs, endNs };
  });
}

/** The field of a summary, if its values are any to calls of the type. */
function fieldOf(fields: SeriesSummary['fields'], name: string, type: FieldType): SeriesSummary['fields'][number] | undefined {
  for (const field of fields) {
    if (field.name === name) return field.type === type || isNumeric(field.type) === isNumeric(type) ? field : undefined;
  }
  return undefined;
}

function isNumeric(type: FieldType): boolean {
  return type === 'float' || type === 'integer';
}

function createState({ columns, output }: AggregatesPlan, call: PlanCall, startNs: TimestampNs): PartialState | NumberPartial {
  const { type } = columns[call.column]!;
  if (output.form === 'columns') return columnForm(call.function, type)!.createPartial();
  return FUNCTIONS[call.function].createPartial(optionsOf(call, type, output.neighbours.length), startNs);
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
