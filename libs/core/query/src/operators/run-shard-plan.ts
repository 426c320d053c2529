import { SHARD_WINDOW_NS_MAX, type SeriesSlice, type SeriesSummary } from '@varve/model';
import { assertWanted } from '../limits/assert-wanted.ts';
import { ShardCounter } from '../limits/shard-counter.ts';
import { FrameWriter } from '../partial/frame-writer.ts';
import { encodeRowBlock, ROW_FRAME } from '../partial/row-frame.ts';
import type { AggregatesOutput, RowsOutput, ShardPlan } from '../plan/shard-plan.ts';
import { AggregateCalls } from './aggregate-calls.ts';
import { frameKind, GroupAggregates } from './aggregate-group.ts';
import { rowCountOf } from './row-count-of.ts';
import { scanGroup } from './scan-group.ts';
import { seriesGroups, type SeriesGroup } from './series-groups.ts';
import type { OffsetRange, SeriesReader, ShardSource, SourceSeries } from './shard-source.ts';
import { fieldsToRead, sliceSizeBytes } from './slice-cells.ts';
import { TimePieces } from './time-pieces.ts';

/**
 * Runs a plan over one shard and yields its partial result in frames of at most 512 KiB, in the order of the answer.
 * One group is in memory at a time, of rows only a piece of its time.
 *
 * @throws DbError QUERY_LIMIT, QUERY_INTERRUPTED, and what the source throws
 */
export async function* runShardPlan(plan: ShardPlan, source: ShardSource, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  const counter = new ShardCounter(plan.limits);
  yield* runGroups(plan, { source, signal, counter }, seriesGroups(plan, source, counter));
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
    if (asked?.calls.measurement !== group.measurement) asked = askedSeries(new AggregateCalls(plan, group, source.startNs), source, range);
    const { calls, read, readRows } = asked;
    const aggregates = new GroupAggregates(calls, group.key);
    for (const series of group.series) {
      assertWanted(signal);
      const { pointCount } = aggregates;
      const unclear: SeriesSummary[] = [];
      const pieces = read(series);
      for (const piece of pieces instanceof Promise ? await pieces : pieces) {
        if (!('rowCount' in piece)) aggregates.add(series, piece);
        else if (!aggregates.addSummary(series, piece)) unclear.push(piece);
      }
      for (const piece of unclear) for (const rows of await readRows(series, piece)) aggregates.add(series, rows as SeriesSlice);
      counter.addPoints(aggregates.pointCount - pointCount);
      if (counter.isOn) counter.hold(aggregates.heldCount * HELD_SIZE_BYTES);
      if (counter.isDue) yield counter.take();
    }
    yield* aggregates.encode(writer);
  }
  if (!writer.isEmpty) yield writer.take();
}

/** The series of one measurement, as its calls look at them. */
interface AskedSeries {
  readonly calls: AggregateCalls;
  readonly read: SeriesReader;
  /** The rows in place of a summary. */
  readRows(series: SourceSeries, summary: SeriesSummary): ReturnType<SeriesReader>;
}

function askedSeries(calls: AggregateCalls, source: ShardSource, range: OffsetRange): AskedSeries {
  const question = calls.question(range);
  return {
    calls,
    read: source.reader(question),
    readRows: (series, { minOffsetNs, maxOffsetNs }) => source.reader({ range: { startOffsetNs: minOffsetNs, endOffsetNs: maxOffsetNs + 1 }, fields: question.fields })(series),
  };
}

async function* scan(job: Job<RowsOutput>, groups: Iterable<SeriesGroup>): AsyncGenerator<Uint8Array> {
  const writer = new FrameWriter(ROW_FRAME);
  for (const group of groups) yield* scanOneGroup(job, group, writer);
  if (!writer.isEmpty) yield writer.take();
}

async function* scanOneGroup(job: Job<RowsOutput>, group: SeriesGroup, writer: FrameWriter): AsyncGenerator<Uint8Array> {
  const { plan, range, counter } = job;
  const held = rangeOf(job.source, group, range);
  if (held === undefined) return;
  const { rowCountMax } = plan.output;
  const rowCount = rowCountOf(group, job.source, held);
  const pieces = new TimePieces(held, { seriesCount: group.series.length, isDescending: plan.isDescending, isShort: rowCountMax !== undefined, rowCount });
  let rowCountLeft = rowCountMax ?? Infinity;
  for (let piece = pieces.next(); piece !== undefined && rowCountLeft > 0; piece = pieces.next()) {
    const slices = await readPiece(job, group, piece);
    pieces.adapt(slices.reduce((rowCount, slice) => rowCount + slice.offsetsNs.length, 0));
    if (counter.isOn) counter.hold(slices.reduce((sizeBytes, slice) => sizeBytes + sliceSizeBytes(slice), 0));
    for (const block of scanGroup(plan, group, slices)) {
      counter.addPoints(Math.min(block.offsetsNs.length, rowCountLeft));
      if (counter.isDue) yield counter.take();
      encodeRowBlock(writer.bytes, block);
      if (writer.isFull) yield writer.take();
      rowCountLeft -= block.offsetsNs.length;
      if (rowCountLeft <= 0) break;
    }
  }
}

/** The part of the range in which the group has rows. */
export function rangeOf(source: ShardSource, group: SeriesGroup, range: OffsetRange): OffsetRange | undefined {
  if (source.timesOf === undefined) return range;
  let [startOffsetNs, endOffsetNs] = [range.endOffsetNs, range.startOffsetNs];
  for (const series of group.series) {
    const times = source.timesOf(series);
    if (times === undefined) continue;
    startOffsetNs = Math.min(startOffsetNs, Math.max(times.minOffsetNs, range.startOffsetNs));
    endOffsetNs = Math.max(endOffsetNs, Math.min(times.maxOffsetNs + 1, range.endOffsetNs));
  }
  return startOffsetNs < endOffsetNs ? { startOffsetNs, endOffsetNs } : undefined;
}

async function readPiece({ source, signal }: Job<RowsOutput>, group: SeriesGroup, piece: OffsetRange): Promise<SeriesSlice[]> {
  const read = source.reader({ range: piece, fields: fieldsToRead(group.measurement), mayPass: group.rowFilter.mayPass });
  const slices: SeriesSlice[] = [];
  for (const series of group.series) {
    assertWanted(signal);
    const pieces = read(series);
    const [rows = NO_ROWS] = pieces instanceof Promise ? await pieces : pieces;
    slices.push(rows as SeriesSlice);
  }
  return slices;
}

/** What a state of one window, or a value that is kept for later, takes up, roughly. */
const HELD_SIZE_BYTES = 48;

const NO_ROWS: SeriesSlice = { offsetsNs: new Float64Array(0), columns: [] };

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
