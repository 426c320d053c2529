import { LIMITS } from '@varve/config';
import type { SeriesBlock, TimeRange } from '@varve/model';
import { HeldValues } from '../limits/held-values.ts';
import { mergeAggregates, mergeRows, noPause } from '../merge/merge-partials.ts';
import type { RowsInput } from '../merge/merged-rows.ts';
import type { Pause } from '../merge/transform-rows.ts';
import { BATCH_ROW_COUNT_MAX } from '../merge/row-batch.ts';
import type { ShardPartials } from '../merge/partial-stream.ts';
import type { Arrivals } from '../merge/stage.ts';
import type { PlannedMeasurements, PlannedSource, PlannedSubquery, QueryPlan } from '../plan/query-plan.ts';
import { aggregateRows } from './aggregate-rows.ts';
import { scanRows } from './scan-rows.ts';

/** The partial results of all shards of a source in a range; each begins when it is first read. */
export type Scatter = (source: PlannedMeasurements, range: TimeRange) => readonly ShardPartials[];

export interface ExecuteOptions {
  /** Rows per block at most. */
  readonly chunkRowCount: number;
  readonly signal?: AbortSignal | undefined;
  /** As for `mergePartials`. */
  readonly pause?: Pause | undefined;
  /** Values that the rows of one subquery, or the series that SLIMIT chooses from, may keep in memory; absent: `LIMITS.subqueryValueCountMax` and `LIMITS.seriesTailValueCountMax`. */
  readonly heldValueCountMax?: number | undefined;
}

/**
 * Executes a plan: shards are asked through `scatter`, subqueries are executed the same way, and their rows take the place of a
 * shard's. Ending the iteration ends whatever was begun, at every level.
 *
 * @throws DbError QUERY_LIMIT, QUERY_INTERRUPTED, MESSAGE_INVALID, and what the partial results throw
 */
export function executeQuery({ sources, range, mergePlan }: QueryPlan, scatter: Scatter, options: ExecuteOptions): Arrivals<SeriesBlock> {
  const { chunkRowCount, signal, pause = noPause, heldValueCountMax } = options;
  const mergeOptions = { chunkRowCount, signal, pause, heldValueCountMax };
  const { input } = mergePlan;
  const held = (): HeldValues => new HeldValues(heldValueCountMax ?? LIMITS.subqueryValueCountMax, HELD_ROWS);
  const rowsOf = (source: PlannedSubquery): Arrivals<SeriesBlock> =>
    executeQuery(source.plan, scatter, { ...options, chunkRowCount: rowCountAtOnce(source) });
  if (input.kind === 'aggregates') {
    const shards = areShards(sources)
      ? sources.flatMap((source) => scatter(source, range))
      : partialSets(sources, (source) => scatter(source, range), (source) => aggregateRows(source, rowsOf(source), { held: held(), handsOut: sources.length === 1 }));
    return mergeAggregates(mergePlan, input, shards, mergeOptions);
  }
  const inputs = sources.flatMap((source): readonly RowsInput[] => (source.kind === 'subquery' ? [{ blocks: scanRows(source, rowsOf(source), held()) }] : scatter(source, range)));
  return mergeRows(mergePlan, input, inputs, mergeOptions);
}

/** What the rows of one subquery hold. */
const HELD_ROWS = { owner: 'a subquery', advice: 'narrow its time range, aggregate more in it, or group the statement around it as it is grouped' } as const;

/** Few where few are wanted: a subquery reads until a block is full. */
function rowCountAtOnce({ shardPlan: { output } }: PlannedSubquery): number {
  const wanted = output.kind === 'rows' ? (output.rowCountMax ?? Infinity) : Infinity;
  return Math.min(Math.max(wanted, 64), BATCH_ROW_COUNT_MAX);
}

function areShards(sources: readonly PlannedSource[]): sources is readonly PlannedMeasurements[] {
  return sources.every(({ kind }) => kind === 'measurements');
}

/** The partial results of all sources, subqueries among them. Several have groups in common: their subqueries are read to the end, one after the other, before any shard is asked. */
async function* partialSets(
  sources: readonly PlannedSource[],
  scatter: (source: PlannedMeasurements) => readonly ShardPartials[],
  aggregate: (source: PlannedSubquery) => AsyncIterable<readonly ShardPartials[]>,
): AsyncGenerator<readonly ShardPartials[]> {
  const shards: ShardPartials[] = [];
  for (const source of sources) {
    if (source.kind === 'measurements') shards.push(...scatter(source));
    else if (sources.length === 1) yield* aggregate(source);
    else for await (const set of aggregate(source)) shards.push(...set);
  }
  yield shards;
}
