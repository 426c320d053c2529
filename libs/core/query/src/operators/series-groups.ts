import type { ShardCounter } from '../limits/shard-counter.ts';
import { compareGroups, type GroupKey } from '../partial/group-key.ts';
import type { MeasurementPlan, ShardPlan } from '../plan/shard-plan.ts';
import { compileTagFilter } from '../plan/tag-expression.ts';
import { RowFilter } from './row-filter.ts';
import type { ShardSource, SourceSeries } from './shard-source.ts';
import { tagValue } from './tag-value.ts';

/** Series of one shard that answer as one: the same measurement and the same values of the dimensions. */
export interface SeriesGroup {
  readonly key: GroupKey;
  readonly measurement: MeasurementPlan;
  /** Shared by all groups of the measurement. */
  readonly rowFilter: RowFilter;
  /** Sorted by key. */
  readonly series: readonly SourceSeries[];
}

/** The groups of a plan in a shard, in the order in which they come out. @throws DbError QUERY_LIMIT when there are too many series */
export function* seriesGroups(plan: ShardPlan, source: ShardSource, counter: ShardCounter): Generator<SeriesGroup> {
  for (const measurement of plan.measurements) {
    const series = source.series(measurement.name, compileTagFilter(measurement.tagFilter));
    counter.addSeries(series.length);
    const groups = groupsOf(plan, measurement, series);
    groups.sort((left, right) => compareGroups(left.key, right.key));
    yield* plan.isDescending ? groups.reverse() : groups;
  }
}

function groupsOf(plan: ShardPlan, measurement: MeasurementPlan, all: readonly SourceSeries[]): SeriesGroup[] {
  const rowFilter = new RowFilter(measurement);
  const groups = new Map<string, SeriesGroup & { readonly series: SourceSeries[] }>();
  for (const series of all) {
    const values = plan.dimensions.map((dimension) => tagValue(series.tags, dimension));
    const id = idOf(values);
    const group = groups.get(id);
    if (group === undefined) groups.set(id, { key: { measurement: measurement.name, values }, measurement, rowFilter, series: [series] });
    else group.series.push(series);
  }
  return [...groups.values()];
}

/** A text for each combination of values. One value is it already: a text that is put together has to be hashed and looked for first. */
function idOf(values: readonly string[]): string {
  return values.length === 1 ? values[0]! : values.map((value) => `${value.length}:${value}`).join('');
}
