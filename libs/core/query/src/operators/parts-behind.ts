import { compareGroups } from '../partial/group-key.ts';
import type { AnswerPlace, RowPlace, ShardPlan, WindowPlace } from '../plan/shard-plan.ts';
import { WindowGrid } from '../plan/window-grid.ts';
import type { SeriesGroup } from './series-groups.ts';

/** Some groups of a plan, each with all its series or a part of them, for some of the plan's time. */
interface PlanPart {
  readonly plan: ShardPlan;
  readonly groups: Iterable<SeriesGroup>;
}

/**
 * What a plan comes to behind a place, in the order of the answer (Q4): of the place's own group the rows or windows behind it, and the groups
 * behind that one. `groups` are all groups of the plan, in the order of the answer.
 *
 *     groups   a b │c│ d e          c   ──▶ time
 *     told     ● ● │●│                  ● ● ◐ ○ ○     ◐ the place's time: series behind its own
 *     wanted       │○│ ○ ○
 */
export function* partsBehind(plan: ShardPlan, place: AnswerPlace, groups: Iterable<SeriesGroup>, shardStartNs: bigint): Generator<PlanPart> {
  const sign = plan.isDescending ? -1 : 1;
  const iterator = groups[Symbol.iterator]();
  let next = iterator.next();
  while (next.done !== true && sign * compareGroups(next.value.key, place.group) < 0) next = iterator.next();
  if (next.done === true) return;
  if (compareGroups(next.value.key, place.group) === 0) {
    yield* 'window' in place ? windowsBehind(plan, place, next.value, shardStartNs) : rowsBehind(plan, place, next.value, shardStartNs);
    next = iterator.next();
  }
  if (next.done !== true) yield { plan, groups: startingWith(next.value, iterator) };
}

/** Rows ascend by (time, series), or descend by both. */
function* rowsBehind(plan: ShardPlan, { offsetNs, seriesKey }: RowPlace, group: SeriesGroup, shardStartNs: bigint): Generator<PlanPart> {
  const { isDescending, range } = plan;
  const atNs = shardStartNs + BigInt(offsetNs);
  const series = group.series.filter(({ key }) => (isDescending ? key < seriesKey : key > seriesKey));
  if (series.length > 0) yield { plan: { ...plan, range: { startNs: atNs, endNs: atNs + 1n } }, groups: [{ ...group, series }] };
  const left = isDescending ? { ...range, endNs: atNs } : { ...range, startNs: atNs + 1n };
  if (left.startNs < left.endNs) yield { plan: { ...plan, range: left }, groups: [group] };
}

function* windowsBehind(plan: ShardPlan, { window }: WindowPlace, group: SeriesGroup, shardStartNs: bigint): Generator<PlanPart> {
  const { isDescending, range, output } = plan;
  const grid = new WindowGrid(output.kind === 'aggregates' ? output.window : undefined, shardStartNs);
  // In a descending answer nothing is behind the window of the shard's first nanosecond.
  const edgeOffsetNs = isDescending ? (window === 0 ? -Infinity : grid.endOf(window - 1)) : grid.endOf(window);
  if (!Number.isFinite(edgeOffsetNs)) return;
  const edgeNs = shardStartNs + BigInt(edgeOffsetNs);
  const left = isDescending ? { ...range, endNs: edgeNs } : { ...range, startNs: edgeNs };
  if (left.startNs < left.endNs) yield { plan: { ...plan, range: left }, groups: [group] };
}

function* startingWith(first: SeriesGroup, rest: Iterator<SeriesGroup>): Generator<SeriesGroup> {
  for (let next: IteratorResult<SeriesGroup> = { done: false, value: first }; next.done !== true; next = rest.next()) yield next.value;
}
