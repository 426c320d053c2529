import type { FieldType, SeriesBlock } from '@varve/model';
import type { FunctionDefinition } from '../functions/function-definition.ts';
import { FUNCTIONS } from '../functions/function-table.ts';
import type { MergeInput, MergePlan } from '../plan/query-plan.ts';
import { buildBlocks } from './build-blocks.ts';
import { fillCells, type FillShape } from './fill-cells.ts';
import { limitRows } from './limit-rows.ts';
import { mergedRows } from './merged-rows.ts';
import { mergedColumns } from './merged-columns.ts';
import { mergedWindows, type AggregatesInput } from './merged-windows.ts';
import type { ShardPartials } from './partial-stream.ts';
import type { RowBatch } from './row-batch.ts';
import type { WindowBatch } from './window-batch.ts';
import { windowRows } from './window-rows.ts';

/**
 * Merges the partial results of all shards of a query into its answer, as a stream of blocks:
 *
 *     frames ─▶ ordered merge ─▶ final functions ─▶ fill ─▶ limits ─▶ projections ─▶ blocks
 *
 * Shards of one source have equal starts (hash slices) or do not overlap in time. Where the answer can only be one series
 * of rows they are read one after the other; else all are open at once, with one frame of each in memory. Ending the
 * iteration closes them.
 *
 * @throws DbError QUERY_LIMIT, MESSAGE_INVALID, and what the partial results throw
 */
export function mergePartials(plan: MergePlan, shards: readonly ShardPartials[], chunkRowCount: number): AsyncIterable<SeriesBlock> {
  const rows = plan.input.kind === 'rows' ? rowsOf(plan, plan.input.columns.length, shards) : windowRows(plan, plan.input, windowsOf(plan, plan.input, shards));
  const filled = fillCells(plan.fill, fillShape(plan.input), rows);
  return buildBlocks(plan, chunkRowCount, limitRows(plan.limits, plan.hasOneSeries, filled));
}

function windowsOf(plan: MergePlan, input: AggregatesInput, shards: readonly ShardPartials[]): AsyncIterable<WindowBatch> {
  return input.form === 'columns' ? mergedColumns(plan, input, shards) : mergedWindows(plan, input, shards);
}

async function* rowsOf(plan: MergePlan, columnCount: number, shards: readonly ShardPartials[]): AsyncGenerator<RowBatch> {
  const shape = { isDescending: plan.isDescending, dimensionCount: plan.dimensions.length, columnCount };
  if (!plan.hasOneSeries) {
    yield* mergedRows(shape, shards);
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
