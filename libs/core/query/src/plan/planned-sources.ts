import type { TimeRange } from '@varve/model';
import type { PlannedMeasurements, PlannedSource, QueryPlan } from './query-plan.ts';
import type { MeasurementPlan } from './shard-plan.ts';

/** Whether any row of the measurement can be one of the plan. */
export function hasField({ origins }: Pick<MeasurementPlan, 'origins'>): boolean {
  return origins.some(({ kind }) => kind === 'field');
}

/** What is in both; it ends before it begins where that is nothing. */
export function intersection(left: TimeRange, right: TimeRange): TimeRange {
  return {
    startNs: left.startNs > right.startNs ? left.startNs : right.startNs,
    endNs: left.endNs < right.endNs ? left.endNs : right.endNs,
  };
}

/** How many measurements the rows of an answer can come from. */
export function measurementCount(sources: readonly PlannedSource[]): number {
  return sources.reduce((count, source) => count + (source.kind === 'subquery' ? measurementCount(source.plan.sources) : source.shardPlan.measurements.length), 0);
}

/** A source whose shards are asked, and the range that they are asked for. */
interface AskedSource {
  readonly source: PlannedMeasurements;
  readonly range: TimeRange;
}

/** All sources of a plan and of its subqueries, those of the innermost too, in order of the statement. */
export function askedSources({ sources, range }: QueryPlan): readonly AskedSource[] {
  return sources.flatMap((source) => (source.kind === 'subquery' ? askedSources(source.plan) : [{ source, range }]));
}
