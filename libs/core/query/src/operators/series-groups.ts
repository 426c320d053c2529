import { DbError } from '@varve/base';
import { LIMITS } from '@varve/config';
import type { TagSet } from '@varve/model';
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

/** The groups of a plan in a shard, in the order in which they come out. @throws DbError QUERY_LIMIT when there are too many series, or too many groups of many tags */
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
  const { dimensions } = plan;
  const valuesOf = (tags: TagSet): readonly string[] => dimensions.map((dimension) => tagValue(tags, dimension));
  const idOfTags = dimensions.length > FEW_DIMENSIONS ? idsAmong(dimensions) : undefined;
  for (const series of all) {
    const known = idOfTags === undefined ? valuesOf(series.tags) : undefined;
    const id = known === undefined ? idOfTags!(series.tags) : idOf(known);
    const group = groups.get(id);
    if (group !== undefined) {
      group.series.push(series);
      continue;
    }
    assertRoom(groups.size + 1, dimensions.length);
    groups.set(id, { key: { measurement: measurement.name, values: known ?? valuesOf(series.tags) }, measurement, rowFilter, series: [series] });
  }
  return [...groups.values()];
}

/** @throws DbError QUERY_LIMIT when the keys of so many groups are too many texts */
function assertRoom(groupCount: number, dimensionCount: number): void {
  const { groupKeyValueCountMax } = LIMITS;
  if (groupCount * dimensionCount <= groupKeyValueCountMax) return;
  const text = `at least ${groupCount} groups of ${dimensionCount} tags in one measurement and shard are more than ${groupKeyValueCountMax} values`;
  throw new DbError('QUERY_LIMIT', `${text}: group by fewer tags or narrow the condition`);
}

/** A text for each combination of values. One value is it already: a text that is put together has to be hashed and looked for first. */
function idOf(values: readonly string[]): string {
  return values.length === 1 ? values[0]! : values.map(withLength).join('');
}

/** About as many as a series has tags; of more it has few, and they are looked for among its tags instead. */
const FEW_DIMENSIONS = 32;

/** The same for many dimensions, in a time that does not depend on how many a series lacks. */
function idsAmong(dimensions: readonly string[]): (tags: TagSet) => string {
  const places = new Map(dimensions.map((dimension, place) => [dimension, place]));
  return (tags) => tags.map(([key, value]) => (places.has(key) ? `${places.get(key)}=${withLength(value)}` : '')).join('');
}

function withLength(value: string): string {
  return `${value.length}:${value}`;
}
