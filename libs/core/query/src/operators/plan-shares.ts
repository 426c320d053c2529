import { ShardCounter } from '../limits/shard-counter.ts';
import type { MeasurementPlan, ShardPlan } from '../plan/shard-plan.ts';
import { estimatedRowCount } from './estimated-row-count.ts';
import { filterCost, USUAL_COST } from './filter-cost.ts';
import { offsetsIn, onlyRowOf, rangeOf, runGroups } from './run-shard-plan.ts';
import { seriesGroups, type SeriesGroup } from './series-groups.ts';
import type { OffsetRange, ShardSource } from './shard-source.ts';
import { fieldsToRead } from './slice-cells.ts';

/** A part of what a plan comes to in a shard: some of its groups, or the rows of one for some time. docs/specs/scan-threads.md. */
export interface PlanShare {
  /** Of one measurement, and of the time of this share. */
  readonly plan: ShardPlan;
  /** The plan's time, in the shard. */
  readonly range: OffsetRange;
  /** In the order of the answer. */
  readonly groups: readonly SeriesGroup[];
  /** Rows that are answered as they are take longer to answer than to read, and much memory ahead of that: they are not. Nor is what a long filter passes, which others interrupt. */
  readonly mayBeLent: boolean;
  /** About what it takes: the unit is what an aggregate takes for a cell, a nanosecond or two. */
  readonly cost: number;
}

/** How large shares are. */
export interface ShareSize {
  /** Of several groups together. */
  readonly cost: number;
  /** Of one group, where it can be cut. */
  readonly rowCount: number;
  /** Of each of its series in the mean, at least: pages that reach into two shares are read for both. */
  readonly seriesRowCount: number;
}

/** About a millisecond: long against handing it over, short against waiting for it. Of rows, frames take a few MiB. */
export const SHARE_SIZE: ShareSize = { cost: 800_000, rowCount: 32_768, seriesRowCount: 2_048 };

/** To find a series and its pages, and to encode what it comes to. */
const SERIES_COST = 8_000;
/** A cell of a row that is answered as it is: it is read, converted and encoded. */
const ROW_CELL_COST = 8;
/** Rows of a series that are read at least where few are wanted: a page. */
const PAGE_ROW_COUNT = 512;
/** Series whose rows are counted; the others are taken to have as many. */
const SAMPLE_COUNT = 16;

/**
 * Cuts a plan into shares of about equal cost (ST1). What is cheap is one; a plan that has no part in the shard has none. The source must
 * know how many rows a series has.
 */
export function sharesOf(plan: ShardPlan, source: ShardSource, size = SHARE_SIZE): readonly PlanShare[] {
  const range = offsetsIn(plan, source);
  if (range === undefined) return [];
  const shares: PlanShare[] = [];
  for (const measurement of plan.measurements) {
    const ofMeasurement = { ...plan, measurements: [measurement] };
    const groups = [...seriesGroups(ofMeasurement, source, new ShardCounter(undefined))];
    if (isWhole(plan, measurement)) {
      shares.push({ plan: ofMeasurement, range, groups, mayBeLent: false, cost: 0 });
      continue;
    }
    const mayBeLent = filterCost(measurement.rowFilter) <= USUAL_COST;
    const rowCount = sampledRowCount(groups, source, range);
    const costOf = ({ series }: SeriesGroup): number => series.length * seriesCost(plan, measurement, rowCount);
    for (const each of groupsTogether(groups, costOf, size)) shares.push(...cutByTime({ ...each, plan: ofMeasurement, range, mayBeLent }, source, size));
  }
  return shares;
}

/** What a share comes to, in frames as of `runShardPlan`. @throws what that throws */
export function runShare({ plan, groups }: PlanShare, source: ShardSource, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  return runGroups(plan, { source, signal }, groups);
}

/** All rows are answered. */
function isWhole({ output }: ShardPlan, { rowFilter }: MeasurementPlan): boolean {
  return output.kind === 'rows' && output.rowCountMax === undefined && rowFilter === undefined;
}

/** Rows of a series in the mean. */
function sampledRowCount(groups: readonly SeriesGroup[], source: ShardSource, range: OffsetRange): number {
  const step = Math.max(1, Math.floor(groups.length / SAMPLE_COUNT));
  let [rowCount, count] = [0, 0];
  for (let index = 0; index < groups.length; index += step) {
    rowCount += source.rowCountIn?.(groups[index]!.series[0]!, range) ?? 0;
    count += 1;
  }
  return count === 0 ? 0 : rowCount / count;
}

function seriesCost(plan: ShardPlan, measurement: MeasurementPlan, rowCount: number): number {
  const fieldCount = fieldsToRead(measurement).length;
  if (plan.output.kind === 'aggregates') return SERIES_COST + (plan.output.wantedWindowCount === undefined ? rowCount : Math.min(rowCount, PAGE_ROW_COUNT)) * fieldCount;
  if (onlyRowOf(plan, measurement) !== undefined) return SERIES_COST / 2 + fieldCount * ROW_CELL_COST; // From a summary, most often.
  const { rowCountMax } = plan.output;
  return SERIES_COST + (rowCountMax === undefined ? rowCount : Math.min(rowCount, rowCountMax + PAGE_ROW_COUNT)) * fieldCount * ROW_CELL_COST;
}

function groupsTogether(groups: readonly SeriesGroup[], costOf: (group: SeriesGroup) => number, size: ShareSize): readonly Pick<PlanShare, 'groups' | 'cost'>[] {
  const shares: { readonly groups: SeriesGroup[]; cost: number }[] = [];
  for (const group of groups) {
    const cost = costOf(group);
    const last = shares.at(-1);
    if (last !== undefined && last.cost + cost <= size.cost) {
      last.groups.push(group);
      last.cost += cost;
    } else shares.push({ groups: [group], cost });
  }
  return shares;
}

/** Rows of one group come in the order of time, so that they can be cut there. */
function cutByTime(share: PlanShare, source: ShardSource, size: ShareSize): readonly PlanShare[] {
  const { plan, groups, cost, range } = share;
  const [group] = groups;
  if (plan.output.kind !== 'rows' || plan.output.rowCountMax !== undefined || groups.length !== 1) return [share];
  const shareCount = Math.floor((estimatedRowCount(group!, source, range) ?? 0) / Math.max(size.rowCount, group!.series.length * size.seriesRowCount));
  const held = shareCount < 2 ? undefined : rangeOf(source, group!.series, range);
  if (held === undefined) return [share];
  const widthNs = Math.ceil((held.endOffsetNs - held.startOffsetNs) / shareCount);
  const shares: PlanShare[] = [];
  for (let startOffsetNs = held.startOffsetNs; startOffsetNs < held.endOffsetNs; startOffsetNs += widthNs) {
    const endOffsetNs = Math.min(startOffsetNs + widthNs, held.endOffsetNs);
    const part = { startNs: source.startNs + BigInt(startOffsetNs), endNs: source.startNs + BigInt(endOffsetNs) };
    shares.push({ ...share, plan: { ...plan, range: part }, range: { startOffsetNs, endOffsetNs }, cost: cost / shareCount });
  }
  return plan.isDescending ? shares.reverse() : shares;
}
