import { LIMITS } from '@varve/config';
import type { FieldType, SeriesBlock } from '@varve/model';
import type { FunctionDefinition } from '../functions/function-definition.ts';
import { FUNCTIONS } from '../functions/function-table.ts';
import { assertWanted } from '../limits/assert-wanted.ts';
import { isNumericType } from '../operators/slice-cells.ts';
import { isFilled } from '../plan/filled-windows.ts';
import type { AggregatesInput, MergeInput, MergePlan, RowLimits } from '../plan/query-plan.ts';
import { buildBlocks } from './build-blocks.ts';
import { fillCells, type FillShape } from './fill-cells.ts';
import { RowGate } from './limit-rows.ts';
import { mergedRows, type RowsInput } from './merged-rows.ts';
import { mergedColumns } from './merged-columns.ts';
import { mergedWindows } from './merged-windows.ts';
import type { ShardPartials } from './partial-stream.ts';
import type { RowBatch } from './row-batch.ts';
import { choosesFromTheEnd, SeriesTail } from './series-tail.ts';
import { changing, passing, piped, staged, type Arrivals, type Stage } from './stage.ts';
import { stagedInTurns } from './staged-in-turns.ts';
import type { WindowBatch } from './window-batch.ts';
import { transformRows, type Pause } from './transform-rows.ts';
import { windowRows } from './window-rows.ts';

/**
 * Merges the partial results of all shards of a query into its answer, as a stream of blocks, those together that come of one arrival:
 *
 *     frames ─▶ ordered merge ─▶ final functions ─▶ fill ─▶ transform ─▶ limits ─▶ projections ─▶ blocks
 *
 * Shards of one source have equal starts (hash slices) or do not overlap in time. Where the answer can only be one series
 * of rows they are read one after the other; else all are open at once, with one frame of each in memory. Ending the
 * iteration closes them. Beside shards, or instead, the rows of subqueries may stand (`executeQuery`). `pause` is awaited every
 * few milliseconds of long computations: it lets others work, and rejects when the answer is not wanted any more.
 *
 * @throws DbError QUERY_LIMIT, QUERY_INTERRUPTED, MESSAGE_INVALID, and what the partial results throw
 */
export function mergePartials(plan: MergePlan, shards: readonly ShardPartials[], chunkRowCount: number, pause: Pause = noPause): Arrivals<SeriesBlock> {
  const { input } = plan;
  return input.kind === 'rows' ? mergeRows(plan, input, shards, { chunkRowCount, pause }) : mergeAggregates(plan, input, shards, { chunkRowCount, pause });
}

interface MergeOptions {
  readonly chunkRowCount: number;
  readonly signal?: AbortSignal | undefined;
  readonly pause: Pause;
  /** Values that may wait until it is known which series SLIMIT chooses; absent: `LIMITS.seriesTailValueCountMax`. */
  readonly heldValueCountMax?: number | undefined;
}

/** {@link mergePartials} of a plan for rows. */
export function mergeRows(plan: MergePlan, input: RowsMerge, inputs: readonly RowsInput[], options: MergeOptions): Arrivals<SeriesBlock> {
  return blocksOf(plan, rowsOf(plan, input.columns.length, inputs), passing, options);
}

/** {@link mergePartials} of a plan for aggregates. Several sets of partial results follow each other in the order of their groups. */
export function mergeAggregates(plan: MergePlan, input: AggregatesInput, shards: readonly ShardPartials[] | PartialSets, options: MergeOptions): Arrivals<SeriesBlock> {
  const { pause } = options;
  const windows = Symbol.asyncIterator in shards ? windowsOfSets(plan, input, shards, pause) : windowsOf(plan, input, shards, pause);
  const rows = windowRows(plan, input);
  // One arrival may come to a million filled rows of each group.
  return isFilled(plan, input) ? blocksOf(plan, stagedInTurns(windows, rows, pause), passing, options) : blocksOf(plan, windows, rows, options);
}

/** Each has all there is of its groups. */
type PartialSets = AsyncIterable<readonly ShardPartials[]>;

async function* windowsOfSets(plan: MergePlan, input: AggregatesInput, sets: PartialSets, pause: Pause): AsyncGenerator<Iterable<WindowBatch>> {
  for await (const shards of sets) yield* windowsOf(plan, input, shards, pause);
}

function windowsOf(plan: MergePlan, input: AggregatesInput, shards: readonly ShardPartials[], pause: Pause): AsyncGenerator<Iterable<WindowBatch>> {
  return input.form === 'columns' ? mergedColumns(plan, input, shards) : mergedWindows(plan, input, shards, pause);
}

type RowsMerge = MergeInput & { readonly kind: 'rows' };

/** All that is done with what has arrived; `rows` makes rows of it. */
function blocksOf<Arrived>(plan: MergePlan, arrivals: Arrivals<Arrived>, rows: Stage<Arrived, RowBatch>, options: MergeOptions): Arrivals<SeriesBlock> {
  const { transform, fill, limits } = plan;
  if (transform === undefined) return cutBlocks(plan, limits, arrivals, piped(rows, fillCells(fill, fillShape(plan))), options);
  // Fields are transformed as they are, windows after they are filled; then fill puts something where a chain has no point.
  const filled = plan.input.kind === 'rows' ? rows : piped(rows, fillCells(fill, windowShape(plan)));
  const joined = transformRows(plan, transform, staged(arrivals, filled), options.pause);
  const hasDefault = fill.kind === 'number' || fill.kind === 'previous';
  const complete = hasDefault ? fillCells(fill, { types: transform.outputs.map(({ type }) => type), ownRows: [], window: undefined }) : passing;
  return cutBlocks(plan, { ...limits, limit: undefined, offset: 0 }, joined, complete, options);
}

/** The rows that these limits leave, as blocks. */
function cutBlocks<Arrived>(plan: MergePlan, limits: RowLimits, arrivals: Arrivals<Arrived>, rows: Stage<Arrived, RowBatch>, options: MergeOptions): Arrivals<SeriesBlock> {
  const { chunkRowCount, signal, pause, heldValueCountMax = LIMITS.seriesTailValueCountMax } = options;
  const blocks = piped(buildBlocks(plan, chunkRowCount), changing(() => assertWanted(signal)));
  if (choosesFromTheEnd(plan, limits)) {
    const tail = new SeriesTail(limits, heldValueCountMax);
    const chosen = (batches: Iterable<RowBatch>, isLast: boolean): Iterable<RowBatch> => tail.pass(batches, isLast);
    // All that was held comes with the last arrival.
    return staged(stagedInTurns(arrivals, piped(rows, chosen), pause), blocks);
  }
  const gate = new RowGate(limits, plan.hasOneSeries);
  const passed = (batches: Iterable<RowBatch>): Iterable<RowBatch> => gate.pass(batches);
  return staged(arrivals, piped(rows, piped(passed, blocks)), () => gate.isDone);
}

/** As functions see it: one with rows of its own is not filled. */
function windowShape(plan: MergePlan): FillShape {
  const shape = fillShape(plan);
  return { ...shape, types: shape.types.map((type, index) => (shape.ownRows[index] === true ? undefined : type)) };
}

/** Nobody else is there. */
export async function noPause(): Promise<void> {}

async function* rowsOf(plan: MergePlan, columnCount: number, inputs: readonly RowsInput[]): AsyncGenerator<Iterable<RowBatch>> {
  const shape = { isDescending: plan.isDescending, dimensionCount: plan.dimensions.length, columnCount };
  const shards = inputs.filter((input): input is ShardPartials => !('blocks' in input));
  if (!plan.hasOneSeries || shards.length < inputs.length) {
    yield* mergedRows(shape, inputs);
    return;
  }
  const fromOf = ({ startNs, mergeFromNs = startNs }: ShardPartials): bigint => mergeFromNs;
  const starts = [...new Set(shards.map(fromOf))].sort((left, right) => (left < right ? -1 : 1));
  if (plan.isDescending) starts.reverse();
  for (const fromNs of starts) yield* mergedRows(shape, shards.filter((shard) => fromOf(shard) === fromNs));
}

/** In columns that are not computed per window a number that fills stands as it is in texts and booleans too. Tags that INTO writes are not filled. */
function fillShape({ input, tagColumns, projections }: MergePlan): FillShape {
  const asItIs = (type: FieldType): FillShape['types'][number] => (isNumericType(type) ? type : 'asItIs');
  if (input.kind === 'rows') return { types: input.columns.map(({ type }) => asItIs(type)), ownRows: [], window: undefined };
  const definitions = input.calls.map((call): FunctionDefinition => FUNCTIONS[call.function]);
  const ownRows = definitions.map(({ hasOwnRows }) => hasOwnRows === true);
  const results = input.calls.map((call, index) => definitions[index]!.resultType(call.type));
  const types = [...results.map((type, index) => (ownRows[index] ? asItIs(type) : type)), ...input.neighbours.map(({ type }) => asItIs(type))];
  for (const { column } of tagColumns) {
    const projection = projections[column]!;
    if (projection.kind === 'input') types[projection.index] = undefined;
  }
  return { types, ownRows, window: input.window };
}
