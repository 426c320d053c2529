import { DbError } from '@varve/base';
import { SHARD_WINDOW_NS_MAX, type SeriesSlice, type SeriesSummary } from '@varve/model';
import { FrameWriter } from '../partial/frame-writer.ts';
import { encodeRowBlock, ROW_FRAME } from '../partial/row-frame.ts';
import type { AggregatesOutput, RowsOutput, ShardPlan } from '../plan/shard-plan.ts';
import { WindowGrid } from '../plan/window-grid.ts';
import { frameKind, GroupAggregates } from './aggregate-group.ts';
import { scanGroup } from './scan-group.ts';
import { seriesGroups, type SeriesGroup } from './series-groups.ts';
import type { OffsetRange, ReadBounds, ShardSource } from './shard-source.ts';
import { fieldsToRead } from './slice-cells.ts';
import { TimePieces } from './time-pieces.ts';

/**
 * Runs a plan over one shard and yields its partial result in frames of at most 512 KiB, in the order of the answer.
 * One group is in memory at a time, of rows only a piece of its time.
 *
 * @throws DbError QUERY_LIMIT, QUERY_INTERRUPTED, and what the source throws
 */
export async function* runShardPlan(plan: ShardPlan, source: ShardSource, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  const range = offsetsIn(plan, source);
  if (range === undefined) return;
  const { output } = plan;
  if (output.kind === 'rows') yield* scan({ plan: { ...plan, output }, source, range, signal });
  else yield* aggregate({ plan: { ...plan, output }, source, range, signal });
}

interface Job<Output> {
  readonly plan: ShardPlan & { readonly output: Output };
  readonly source: ShardSource;
  readonly range: OffsetRange;
  readonly signal: AbortSignal | undefined;
}

async function* aggregate({ plan, source, range, signal }: Job<AggregatesOutput>): AsyncGenerator<Uint8Array> {
  const grid = new WindowGrid(plan.output.window, source.startNs);
  const writer = new FrameWriter(frameKind(plan.output));
  for (const group of seriesGroups(plan, source)) {
    const aggregates = new GroupAggregates(plan, group, { grid, startNs: source.startNs });
    const fields = fieldsToRead(group.measurement);
    const bounds: ReadBounds = {
      maySummarize: aggregates.takesSummaries ? (minNs, maxNs) => grid.indexOf(minNs) === grid.indexOf(maxNs) : undefined,
      mayPass: group.rowFilter.mayPass,
      isBrief: plan.output.form === 'columns', // Numbers are taken out of the rows; states of bytes may keep them.
    };
    for (const series of group.series) {
      assertWanted(signal);
      const unclear: SeriesSummary[] = [];
      const pieces = source.read(series, range, fields, bounds);
      for (const piece of pieces instanceof Promise ? await pieces : pieces) {
        if (!('rowCount' in piece)) aggregates.add(series, piece);
        else if (!aggregates.addSummary(series, piece)) unclear.push(piece);
      }
      for (const { minOffsetNs, maxOffsetNs } of unclear) {
        for (const rows of await source.read(series, { startOffsetNs: minOffsetNs, endOffsetNs: maxOffsetNs + 1 }, fields)) aggregates.add(series, rows as SeriesSlice);
      }
    }
    yield* aggregates.encode(writer);
  }
  if (!writer.isEmpty) yield writer.take();
}

async function* scan(job: Job<RowsOutput>): AsyncGenerator<Uint8Array> {
  const writer = new FrameWriter(ROW_FRAME);
  for (const group of seriesGroups(job.plan, job.source)) yield* scanOneGroup(job, group, writer);
  if (!writer.isEmpty) yield writer.take();
}

async function* scanOneGroup(job: Job<RowsOutput>, group: SeriesGroup, writer: FrameWriter): AsyncGenerator<Uint8Array> {
  const { plan, range } = job;
  const held = rangeOf(job.source, group, range);
  if (held === undefined) return;
  const { rowCountMax } = plan.output;
  const pieces = new TimePieces(held, { seriesCount: group.series.length, isDescending: plan.isDescending, isShort: rowCountMax !== undefined });
  let rowCountLeft = rowCountMax ?? Infinity;
  for (let piece = pieces.next(); piece !== undefined && rowCountLeft > 0; piece = pieces.next()) {
    const slices = await readPiece(job, group, piece);
    pieces.adapt(slices.reduce((rowCount, slice) => rowCount + slice.offsetsNs.length, 0));
    for (const block of scanGroup(plan, group, slices)) {
      encodeRowBlock(writer.bytes, block);
      if (writer.isFull) yield writer.take();
      rowCountLeft -= block.offsetsNs.length;
      if (rowCountLeft <= 0) break;
    }
  }
}

/** The part of the range in which the group has rows. */
function rangeOf(source: ShardSource, group: SeriesGroup, range: OffsetRange): OffsetRange | undefined {
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
  const fields = fieldsToRead(group.measurement);
  const bounds = { mayPass: group.rowFilter.mayPass };
  const slices: SeriesSlice[] = [];
  for (const series of group.series) {
    assertWanted(signal);
    const pieces = source.read(series, piece, fields, bounds);
    const [rows = NO_ROWS] = pieces instanceof Promise ? await pieces : pieces;
    slices.push(rows as SeriesSlice);
  }
  return slices;
}

const NO_ROWS: SeriesSlice = { offsetsNs: new Float64Array(0), columns: [] };

/** The plan's range as offsets of the shard; undefined when the shard has no part in it. */
function offsetsIn(plan: ShardPlan, source: ShardSource): OffsetRange | undefined {
  const startNs = plan.range.startNs - source.startNs;
  const endNs = plan.range.endNs - source.startNs;
  if (endNs <= 0n || startNs >= SHARD_WINDOW_NS_MAX) return undefined;
  return {
    startOffsetNs: startNs > 0n ? Number(startNs) : 0,
    endOffsetNs: Number(endNs < SHARD_WINDOW_NS_MAX ? endNs : SHARD_WINDOW_NS_MAX),
  };
}

function assertWanted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new DbError('QUERY_INTERRUPTED', 'query interrupted');
}
