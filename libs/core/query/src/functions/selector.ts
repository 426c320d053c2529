import type { ByteReader, ByteWriter, TimestampNs } from '@varve/base';
import type { Cell, FieldType, FieldValue, SeriesKey, SummaryNumberColumns } from '@varve/model';
import { decodeCell, decodeValue, encodeCell } from '../partial/cell-bytes.ts';
import { numbersOrNull, type ColumnForm, type NumberPartial, type NumberStates, type StateNumbers } from './column-form.ts';
import type { FunctionDefinition, FunctionOptions, Merger, PartialState } from './function-definition.ts';
import type { Runs, SummaryRun } from './run.ts';
import { valueIn, type Vector } from './vector.ts';

/**
 * What makes one selector: which index of a run it would pick, and whether one picked point beats another. Where value
 * and time decide nothing, the series key does, so that the answer does not depend on which shard held a point.
 */
interface SelectorRule {
  readonly argumentTypes: readonly FieldType[];
  readonly pick: (vector: Vector, start: number, end: number) => number;
  /** Whether `pick` looks at times alone. */
  readonly picksByTime?: boolean;
  /** Its states of integers where nobody sees the point's time, if they can do without. Of floats 0 and -0 are equal, and which of them answers is a matter of time. */
  readonly untimed?: ColumnForm;
  /** The point that it would pick of all values that a summary stands for. */
  pickOf(run: SummaryRun, numbers: SummaryNumberColumns): Point & { readonly time: number };
  /** Negative: the first is the better one. Zero: only the series can decide. */
  compare(left: Point, right: Point): number;
}

/** Times are of one kind within a comparison: offsets on a data node, nanoseconds on the coordinator. */
interface Point {
  readonly value: FieldValue;
  readonly time: number | bigint;
}

interface SlotPoint extends Point {
  readonly time: number;
  readonly seriesKey: SeriesKey;
  readonly neighbours: readonly Cell[];
}

interface MergedPoint extends Point {
  readonly time: TimestampNs;
  readonly seriesKey: SeriesKey;
  readonly neighbours: readonly Cell[];
}

/** A selector keeps one point per window: its value, its time, its series and the cells beside it. */
export function selector(rule: SelectorRule): FunctionDefinition {
  const timed = columnsOf(rule);
  return {
    argumentTypes: rule.argumentTypes,
    isSelector: true,
    picksByTime: rule.picksByTime === true,
    resultType: (type) => type,
    columns: (type, isTimed) => (type === 'integer' ? (isTimed ? timed : (rule.untimed ?? timed)) : type === 'float' ? timed : undefined),
    createPartial: (options) => createPartial(rule, options),
    createMerger: (options) => createMerger(rule, options),
  };
}

function createPartial(rule: SelectorRule, { neighbourCount, picksLastKey }: FunctionOptions): PartialState {
  const slots: SlotPoint[] = [];
  const beats = comparison<SlotPoint>(rule, picksLastKey);
  const offer = (slot: number, point: Omit<SlotPoint, 'neighbours'>, neighbours: () => readonly Cell[]): void => {
    const held = slots[slot];
    if (held === undefined || beats(point, held)) slots[slot] = { ...point, neighbours: neighbours() };
  };
  return {
    add: (slot, run) => {
      const { vector, seriesKey } = run;
      const index = rule.pick(vector, run.start, run.end);
      const point = { value: valueIn(vector, index), time: vector.offsetsNs[index]!, seriesKey };
      offer(slot, point, () => (neighbourCount === 0 ? NOTHING : run.neighbours(index)));
    },
    addSummary: (slot, run) => offer(slot, { ...rule.pickOf(run, run.summaries.numbers!), seriesKey: run.seriesKey }, () => NOTHING),
    partCount: (slot) => (slots[slot] === undefined ? 0 : 1),
    encode: (slot, _part, writer) => encodePoint(writer, slots[slot]!, neighbourCount),
  };
}

function createMerger(rule: SelectorRule, { neighbourCount, picksLastKey }: FunctionOptions): Merger {
  const beats = comparison<MergedPoint>(rule, picksLastKey);
  let held: MergedPoint | undefined;
  return {
    reset: () => {
      held = undefined;
    },
    merge: (reader, shardStartNs) => {
      const point = decodePoint(reader, shardStartNs, neighbourCount);
      if (held === undefined || beats(point, held)) held = point;
    },
    results: () => (held === undefined ? [] : [{ value: held.value, timeNs: held.time, neighbours: held.neighbours }]),
  };
}

/** The state is a number and the time of its point. Which series it is of cannot show. */
function columnsOf(rule: SelectorRule): ColumnForm {
  return {
    numberCount: 1,
    hasTime: true,
    createPartial: () => new NumberPoints(rule),
    join: (into, position, from, index) => {
      const byMs = into.ms[position] !== from.ms[index];
      if (rule.compare(pointAt(from, index, byMs), pointAt(into, position, byMs)) >= 0) return;
      into.numbers[0]![position] = from.numbers[0]![index]!;
      into.ms[position] = from.ms[index]!;
      into.subNs[position] = from.subNs[index]!;
    },
    answers: numbersOrNull,
  };
}

class NumberPoints implements NumberPartial {
  readonly #rule: SelectorRule;
  readonly #values: StateNumbers = [];
  readonly numbers = [this.#values];
  readonly offsetsNs: number[] = [];

  constructor(rule: SelectorRule) {
    this.#rule = rule;
  }

  has(slot: number): boolean {
    return this.#values[slot] !== undefined;
  }

  add({ vector, count, starts, slots }: Runs): void {
    const { pick } = this.#rule;
    for (let run = 0; run < count; run += 1) {
      const index = pick(vector, starts[run]!, starts[run + 1]!);
      this.#offer(slots[run]!, valueIn(vector, index) as number | bigint, vector.offsetsNs[index]!);
    }
  }

  addSummary(slot: number, run: SummaryRun): void {
    const { value, time } = this.#rule.pickOf(run, run.summaries.numbers!);
    this.#offer(slot, value as number, time);
  }

  #offer(slot: number, value: number | bigint, time: number): void {
    const held = this.#values[slot];
    if (held !== undefined && this.#rule.compare({ value, time }, { value: held, time: this.offsetsNs[slot]! }) >= 0) return;
    this.#values[slot] = value;
    this.offsetsNs[slot] = time;
  }
}

/** Of two points only the order of their times counts: that of the milliseconds, or within the same one. */
function pointAt({ numbers: [values], ms, subNs }: NumberStates, index: number, byMs: boolean): Point {
  return { value: values![index]!, time: byMs ? ms[index]! : subNs[index]! };
}

/** Whether a point is picked rather than the one that is held. */
function comparison<Kind extends SlotPoint | MergedPoint>(rule: SelectorRule, picksLastKey: boolean): (point: Omit<Kind, 'neighbours'>, held: Kind) => boolean {
  return (point, held) => {
    const order = rule.compare(point, held);
    if (order !== 0) return order < 0;
    return picksLastKey ? point.seriesKey > held.seriesKey : point.seriesKey < held.seriesKey;
  };
}

/** The series is sent only where it can show: with neighbours. Without them equal points answer alike. */
function encodePoint(writer: ByteWriter, point: SlotPoint, neighbourCount: number): void {
  encodeCell(writer, point.value);
  writer.f64(point.time);
  if (neighbourCount === 0) return;
  writer.text(point.seriesKey);
  for (const cell of point.neighbours) encodeCell(writer, cell);
}

function decodePoint(reader: ByteReader, shardStartNs: TimestampNs, neighbourCount: number): MergedPoint {
  const value = decodeValue(reader);
  const time = shardStartNs + BigInt(reader.wholeF64());
  if (neighbourCount === 0) return { value, time, seriesKey: '', neighbours: NOTHING };
  const seriesKey = reader.text();
  return { value, time, seriesKey, neighbours: Array.from({ length: neighbourCount }, () => decodeCell(reader)) };
}

/** As for `Array.sort`; false before true, texts by code unit. */
export function compareValues(left: FieldValue, right: FieldValue): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

/** As for `Array.sort`. */
export function compareTimes(left: Point, right: Point): number {
  if (left.time === right.time) return 0;
  return left.time < right.time ? -1 : 1;
}

const NOTHING: readonly Cell[] = [];
