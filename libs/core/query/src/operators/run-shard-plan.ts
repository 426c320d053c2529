import { SHARD_WINDOW_NS_MAX, type SeriesRow, type SeriesSlice } from '@varve/model';
import type { Steps } from '../functions/steps.ts';
import { assertWanted } from '../limits/assert-wanted.ts';
import { ShardCounter } from '../limits/shard-counter.ts';
import { FrameWriter } from '../partial/frame-writer.ts';
import { encodeRowBlock, ROW_FRAME } from '../partial/row-frame.ts';
import type { AggregatesOutput, MeasurementPlan, RowsOutput, ShardPlan } from '../plan/shard-plan.ts';
import { AggregateCalls } from './aggregate-calls.ts';
import { frameKind, GroupAggregates } from './aggregate-group.ts';
import { estimatedRowCount } from './estimated-row-count.ts';
import { partsBehind } from './parts-behind.ts';
import { pickedRows } from './picked-rows.ts';
import { GroupScan } from './scan-group.ts';
import { seriesGroups, type SeriesGroup } from './series-groups.ts';
import type { OffsetRange, ReadQuestion, SeriesReader, ShardSource, SourceSeries } from './shard-source.ts';
import { fieldsToRead, isNumericType, rowCountOf, sliceSizeBytes, type SeriesRows } from './slice-cells.ts';
import { sliceParts } from './slice-parts.ts';
import { TimePieces } from './time-pieces.ts';
import { windowPieces } from './window-pieces.ts';

/**
 * Runs a plan over one shard and yields its partial result in frames of at most 512 KiB, in the order of the answer.
 * One group is in memory at a time, of rows only a piece of its time.
 *
 * @throws DbError QUERY_LIMIT, QUERY_INTERRUPTED, and what the source throws
 */
export async function* runShardPlan(plan: ShardPlan, source: ShardSource, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  const counter = new ShardCounter(plan.limits);
  const groups = seriesGroups(plan, source, counter);
  const parts = plan.behind === undefined ? [{ plan, groups }] : partsBehind(plan, plan.behind, groups, source.startNs);
  for (const part of parts) yield* runGroups(part.plan, { source, signal, counter }, part.groups);
  if (counter.isBehind) yield counter.take();
}

/** As `runShardPlan`, of some of the plan's groups, in the order of the answer. */
export async function* runGroups(plan: ShardPlan, { source, signal, counter = new ShardCounter(undefined) }: Running, groups: Iterable<SeriesGroup>): AsyncGenerator<Uint8Array> {
  const range = offsetsIn(plan, source);
  if (range === undefined) return;
  const { output } = plan;
  if (output.kind === 'rows') yield* scan({ plan: { ...plan, output }, source, range, counter, signal }, groups);
  else yield* aggregate({ plan: { ...plan, output }, source, range, counter, signal }, groups);
}

/** What groups are run with. */
interface Running {
  readonly source: ShardSource;
  readonly signal: AbortSignal | undefined;
  /** Absent: nothing is counted. */
  readonly counter?: ShardCounter;
}

interface Job<Output> {
  readonly plan: ShardPlan & { readonly output: Output };
  readonly source: ShardSource;
  readonly range: OffsetRange;
  readonly counter: ShardCounter;
  readonly signal: AbortSignal | undefined;
}

async function* aggregate({ plan, source, range, counter, signal }: Job<AggregatesOutput>, groups: Iterable<SeriesGroup>): AsyncGenerator<Uint8Array> {
  const writer = new FrameWriter(frameKind(plan.output));
  let asked: AskedSeries | undefined;
  for (const group of groups) {
    if (asked?.calls.measurement !== group.measurement) asked = askedSeries(new AggregateCalls(plan, group, source.startNs), source);
    const { calls, read, readRows } = asked;
    const aggregates = new GroupAggregates(calls, group.key);
    for (const time of aggregatedRanges({ plan, source, range }, group, calls)) {
      for (const series of group.series) {
        assertWanted(signal);
        const { pointCount } = aggregates;
        const unclear: OffsetRange[] = [];
        const pieces = read(series, time);
        for (const piece of pieces instanceof Promise ? await pieces : pieces) {
          if ('rowCounts' in piece) unclear.push(...aggregates.addSummaries(series, piece));
          else
            for (const part of sliceParts(piece, calls.rowCountAtOnce)) {
              if (part !== piece) await restIfDue(source, signal);
              aggregates.add(series, part);
            }
        }
        for (const range of unclear) for (const rows of await readRows(series, range)) aggregates.add(series, rows as SeriesSlice);
        counter.addPoints(aggregates.pointCount - pointCount);
        if (counter.isOn) counter.hold(aggregates.heldCount * HELD_SIZE_BYTES);
        if (counter.isDue) yield counter.take();
      }
      if (aggregates.hasEnough) break;
    }
    const order = aggregates.order();
    const ordered = order.next();
    for (const frame of aggregates.encode(writer, ordered.done === true ? ordered.value : await inTurns(order, source, signal))) yield frame;
  }
  if (!writer.isEmpty) yield writer.take();
}

/** All of it at once, or whole windows for as long as some are wanted. */
function aggregatedRanges({ plan, source, range }: Pick<Job<AggregatesOutput>, 'plan' | 'source' | 'range'>, group: SeriesGroup, { grid }: AggregateCalls): Iterable<OffsetRange> {
  const { isDescending, output: { wantedWindowCount } } = plan;
  if (wantedWindowCount === undefined) return [range];
  const held = rangeOf(source, group.series, range);
  return held === undefined ? [] : windowPieces(held, grid, { windowCount: wantedWindowCount, isDescending });
}

/** The series of one measurement, as its calls look at them. */
interface AskedSeries {
  readonly calls: AggregateCalls;
  readonly read: SeriesReader;
  /** What it gives in place of a summary: rows. */
  readonly readRows: SeriesReader;
}

function askedSeries(calls: AggregateCalls, source: ShardSource): AskedSeries {
  const question = calls.question();
  return { calls, read: source.reader(question), readRows: source.reader({ fields: question.fields }) };
}

async function* scan(job: Job<RowsOutput>, groups: Iterable<SeriesGroup>): AsyncGenerator<Uint8Array> {
  const writer = new FrameWriter(ROW_FRAME);
  let asked: { readonly measurement: MeasurementPlan; readonly read: SeriesReader } | undefined;
  for (const group of groups) {
    const { measurement } = group;
    if (asked?.measurement !== measurement) asked = { measurement, read: job.source.reader(rowsQuestion(job.plan, group)) };
    yield* scanOneGroup(job, group, { read: asked.read, writer });
  }
  if (!writer.isEmpty) yield writer.take();
}

async function* scanOneGroup(job: Job<RowsOutput>, group: SeriesGroup, { read, writer }: { readonly read: SeriesReader; readonly writer: FrameWriter }): AsyncGenerator<Uint8Array> {
  const { plan, range, counter, signal } = job;
  const held = await rangeInTurns(job.source, group, range);
  if (held === undefined) return;
  const { rowCountMax } = plan.output;
  const rowCount = rowCountMax === undefined ? estimatedRowCount(group, job.source, held) : undefined;
  const pieces = new TimePieces(held, { seriesCount: group.series.length, isDescending: plan.isDescending, isShort: rowCountMax !== undefined, rowCount });
  let rowCountLeft = rowCountMax ?? Infinity;
  for (let piece = pieces.next(); piece !== undefined && rowCountLeft > 0; piece = pieces.next()) {
    const groupScan = new GroupScan(plan, group);
    let [readCount, heldSizeBytes] = [0, 0];
    for (let rank = 0; rank < group.series.length; rank += 1) {
      const series = group.series[rank]!;
      assertWanted(signal);
      const parts = read(series, piece);
      const [rows] = (parts instanceof Promise ? await parts : parts) as Iterable<SeriesSlice | SeriesRow>;
      if (rows === undefined) continue;
      const passed = isLong(group, rows) ? await passingInTurns(job, group, { series, slice: rows }) : passing(group, series, rows);
      groupScan.add(rank, passed);
      readCount += rowCountOf(rows);
      if (counter.isOn) heldSizeBytes += sliceSizeBytes(passed);
    }
    pieces.adapt(readCount);
    if (counter.isOn) counter.hold(heldSizeBytes);
    for (const block of groupScan.blocks(rowCountLeft)) {
      counter.addPoints(block.rows.length);
      if (counter.isDue) yield counter.take();
      if (!writer.hasRoomFor(block.sizeBytes)) yield writer.take();
      encodeRowBlock(writer.bytes, block);
      if (writer.isFull) yield writer.take();
      rowCountLeft -= block.rows.length;
    }
  }
}

/** What is asked of each series. Rows that pass a filter are moved out of what was read. */
function rowsQuestion(plan: Job<RowsOutput>['plan'], { measurement, rowFilter }: SeriesGroup): ReadQuestion {
  return { fields: fieldsToRead(measurement), mayPass: rowFilter.mayPass, onlyRow: onlyRowOf(plan, measurement), isBrief: !rowFilter.passesAll };
}

/** The rows that are wanted: of many that were read they may be few, and a piece of all series is in memory at once. */
function passing({ rowFilter }: SeriesGroup, series: SourceSeries, rows: SeriesSlice | SeriesRow): SeriesSlice | SeriesRow {
  if ('row' in rows) return rows;
  const chosen = rowFilter.rowsThatPass({ series, slice: rows });
  return chosen === undefined ? rows : pickedRows(rows, chosen);
}

function isLong({ rowFilter }: SeriesGroup, rows: SeriesSlice | SeriesRow): rows is SeriesSlice {
  return !('row' in rows) && rows.offsetsNs.length > rowFilter.rowCountAtOnce;
}

/** As `passing`; others have a turn between parts. */
async function passingInTurns({ source, signal }: Job<RowsOutput>, { rowFilter }: SeriesGroup, { series, slice }: SeriesRows): Promise<SeriesSlice> {
  const chosen: Int32Array[] = [];
  let start = 0;
  for (const part of sliceParts(slice, rowFilter.rowCountAtOnce)) {
    await restIfDue(source, signal);
    const from = start;
    chosen.push(rowFilter.rowsThatPass({ series, slice: part })!.map((row) => row + from));
    start += part.offsetsNs.length;
  }
  const rows = new Int32Array(chosen.reduce((count, { length }) => count + length, 0));
  let at = 0;
  for (const part of chosen) {
    rows.set(part, at);
    at += part.length;
  }
  return pickedRows(slice, rows);
}

/** @throws DbError QUERY_INTERRUPTED */
async function restIfDue({ maybeRest }: ShardSource, signal: AbortSignal | undefined): Promise<void> {
  await maybeRest?.();
  assertWanted(signal);
}

async function inTurns<Result>(steps: Steps<Result>, source: ShardSource, signal: AbortSignal | undefined): Promise<Result> {
  for (;;) {
    await restIfDue(source, signal);
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}

/** The part of the range in which any of the series has rows. */
export function rangeOf(source: ShardSource, all: readonly SourceSeries[], range: OffsetRange): OffsetRange | undefined {
  if (source.timesOf === undefined) return range;
  let [startOffsetNs, endOffsetNs] = [range.endOffsetNs, range.startOffsetNs];
  for (const series of all) {
    const times = source.timesOf(series);
    if (times === undefined) continue;
    startOffsetNs = Math.min(startOffsetNs, Math.max(times.minOffsetNs, range.startOffsetNs));
    endOffsetNs = Math.max(endOffsetNs, Math.min(times.maxOffsetNs + 1, range.endOffsetNs));
  }
  return startOffsetNs < endOffsetNs ? { startOffsetNs, endOffsetNs } : undefined;
}

/** As `rangeOf`; others have a turn between parts of many series. */
async function rangeInTurns(source: ShardSource, { series }: SeriesGroup, range: OffsetRange): Promise<OffsetRange | undefined> {
  let held: OffsetRange | undefined;
  for (let start = 0; start < series.length; start += SERIES_COUNT_AT_ONCE) {
    if (start > 0) await source.maybeRest?.();
    const ofPart = rangeOf(source, series.slice(start, start + SERIES_COUNT_AT_ONCE), range);
    if (ofPart === undefined || held === undefined) held ??= ofPart;
    else held = { startOffsetNs: Math.min(held.startOffsetNs, ofPart.startOffsetNs), endOffsetNs: Math.max(held.endOffsetNs, ofPart.endOffsetNs) };
  }
  return held;
}

/** Where one row of a series is enough, and each value that a series may have is one to the plan: which. */
export function onlyRowOf({ columns, output, isDescending }: ShardPlan, { rowFilter, origins }: MeasurementPlan): ReadQuestion['onlyRow'] {
  if (output.kind !== 'rows' || output.rowCountMax !== 1 || rowFilter !== undefined) return undefined;
  if (origins.some(({ kind }, index) => kind === 'field' && !isNumericType(columns[index]!.type))) return undefined;
  return isDescending ? 'last' : 'first';
}

/** Looking when their rows are takes half a microsecond of each. */
const SERIES_COUNT_AT_ONCE = 4_096;

/** What a state of one window, or a value that is kept for later, takes up, roughly. */
const HELD_SIZE_BYTES = 48;

/** The plan's range as offsets of the shard; undefined when the shard has no part in it. */
export function offsetsIn(plan: ShardPlan, source: ShardSource): OffsetRange | undefined {
  const startNs = plan.range.startNs - source.startNs;
  const endNs = plan.range.endNs - source.startNs;
  if (endNs <= 0n || startNs >= SHARD_WINDOW_NS_MAX) return undefined;
  return {
    startOffsetNs: startNs > 0n ? Number(startNs) : 0,
    endOffsetNs: Number(endNs < SHARD_WINDOW_NS_MAX ? endNs : SHARD_WINDOW_NS_MAX),
  };
}
