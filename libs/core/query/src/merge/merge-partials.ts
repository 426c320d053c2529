import type { FieldType, SeriesBlock } from '@varve/model';
import type { FunctionDefinition } from '../functions/function-definition.ts';
import { FUNCTIONS } from '../functions/function-table.ts';
import type { AggregatesInput, MergeInput, MergePlan } from '../plan/query-plan.ts';
import { buildBlocks } from './build-blocks.ts';
import { fillCells, type FillShape } from './fill-cells.ts';
import { limitRows } from './limit-rows.ts';
import { mergedRows, type RowsInput } from './merged-rows.ts';
import { mergedColumns } from './merged-columns.ts';
import { mergedWindows } from './merged-windows.ts';
import type { ShardPartials } from './partial-stream.ts';
import type { RowBatch } from './row-batch.ts';
import type { WindowBatch } from './window-batch.ts';
import { transformRows, type Pause } from './transform-rows.ts';
import { windowRows } from './window-rows.ts';

/**
 * Merges the partial results of all shards of a query into its answer, as a stream of blocks:
 *
 *     frames ─▶ ordered merge ─▶ final functions ─▶ fill ─▶ transform ─▶ limits ─▶ projections ─▶ blocks
 *
 * Shards of one source have equal starts (hash slices) or do not overlap in time. Where the answer can only be one series
 * of rows they are read one after the other; else all are open at once, with one frame of each in memory. Ending the
 * iteration closes them. Beside shards, or instead, the rows of subqueries may stand (`executeQuery`). `pause` is awaited every
 * few milliseconds of long computations: it lets others work, and rejects when the answer is not wanted any more.
 *
 * @throws DbError QUERY_LIMIT, MESSAGE_INVALID, and what the partial results throw
 */
export function mergePartials(plan: MergePlan, shards: readonly ShardPartials[], chunkRowCount: number, pause: Pause = noPause): AsyncIterable<SeriesBlock> {
  const { input } = plan;
  return input.kind === 'rows' ? mergeRows(plan, input, shards, { chunkRowCount, pause }) : mergeAggregates(plan, input, [shards], { chunkRowCount, pause });
}

export interface MergeOptions {
  readonly chunkRowCount: number;
  readonly pause: Pause;
}

/** {@link mergePartials} of a plan for rows. */
export function mergeRows(plan: MergePlan, input: RowsMerge, inputs: readonly RowsInput[], options: MergeOptions): AsyncIterable<SeriesBlock> {
  return blocksOf(plan, rowsOf(plan, input.columns.length, inputs), options);
}

/** {@link mergePartials} of a plan for aggregates. Sets of partial results follow each other in the order of their groups. */
export function mergeAggregates(plan: MergePlan, input: AggregatesInput, sets: PartialSets, options: MergeOptions): AsyncIterable<SeriesBlock> {
  return blocksOf(plan, windowRows(plan, input, windowsOf(plan, input, sets, options.pause)), options);
}

/** Each has all there is of its groups. */
export type PartialSets = AsyncIterable<readonly ShardPartials[]> | Iterable<readonly ShardPartials[]>;

async function* windowsOf(plan: MergePlan, input: AggregatesInput, sets: PartialSets, pause: Pause): AsyncGenerator<WindowBatch> {
  for await (const shards of sets) yield* input.form === 'columns' ? mergedColumns(plan, input, shards) : mergedWindows(plan, input, shards, pause);
}

type RowsMerge = MergeInput & { readonly kind: 'rows' };

function blocksOf(plan: MergePlan, rows: AsyncIterable<RowBatch>, { chunkRowCount, pause }: MergeOptions): AsyncIterable<SeriesBlock> {
  return buildBlocks(plan, chunkRowCount, limitedRows(plan, rows, pause));
}

function limitedRows(plan: MergePlan, rows: AsyncIterable<RowBatch>, pause: Pause): AsyncIterable<RowBatch> {
  const { transform, fill, limits, hasOneSeries } = plan;
  if (transform === undefined) return limitRows(limits, hasOneSeries, fillCells(fill, fillShape(plan.input), rows));
  // Fields are transformed as they are, windows after they are filled; then fill puts something where a chain has no point.
  const filled = plan.input.kind === 'rows' ? rows : fillCells(fill, windowShape(plan.input), rows);
  const joined = transformRows(plan, transform, filled, pause);
  const hasDefault = fill.kind === 'number' || fill.kind === 'previous';
  const complete = hasDefault ? fillCells(fill, { types: transform.outputs.map(({ type }) => type), ownRows: [], window: undefined }, joined) : joined;
  return limitRows({ ...limits, limit: undefined, offset: 0 }, hasOneSeries, complete);
}

/** As functions see it: one with rows of its own is not filled. */
function windowShape(input: MergeInput): FillShape {
  const shape = fillShape(input);
  return { ...shape, types: shape.types.map((type, index) => (shape.ownRows[index] === true ? undefined : type)) };
}

/** Nobody else is there. */
export async function noPause(): Promise<void> {}

async function* rowsOf(plan: MergePlan, columnCount: number, inputs: readonly RowsInput[]): AsyncGenerator<RowBatch> {
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

/** In columns that are not computed per window a number that fills stands as it is in texts and booleans too. */
function fillShape(input: MergeInput): FillShape {
  const asItIs = (type: FieldType): FieldType => (type === 'integer' ? type : 'float');
  if (input.kind === 'rows') return { types: input.columns.map(({ type }) => asItIs(type)), ownRows: [], window: undefined };
  const definitions = input.calls.map((call): FunctionDefinition => FUNCTIONS[call.function]);
  const ownRows = definitions.map(({ hasOwnRows }) => hasOwnRows === true);
  const types = input.calls.map((call, index) => definitions[index]!.resultType(call.type));
  return {
    types: [...types.map((type, index) => (ownRows[index] ? asItIs(type) : type)), ...input.neighbours.map(({ type }) => asItIs(type))],
    ownRows,
    window: input.window,
  };
}
