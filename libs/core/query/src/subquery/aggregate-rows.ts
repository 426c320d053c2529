import { assert, type TimestampNs } from '@varve/base';
import type { SeriesBlock } from '@varve/model';
import { FUNCTIONS } from '../functions/function-table.ts';
import { finished } from '../functions/steps.ts';
import type { HeldValues } from '../limits/held-values.ts';
import type { ShardPartials } from '../merge/partial-stream.ts';
import type { Arrivals } from '../merge/stage.ts';
import { AggregateCalls, type AggregatesPlan } from '../operators/aggregate-calls.ts';
import { frameKind, GroupAggregates } from '../operators/aggregate-group.ts';
import { FrameWriter } from '../partial/frame-writer.ts';
import { compareGroups, groupId, type GroupKey } from '../partial/group-key.ts';
import type { PlannedSubquery } from '../plan/query-plan.ts';
import { reversed, RowPieces, type SpanPiece } from './row-pieces.ts';

/**
 * Reads the rows of a subquery into the aggregates of a plan. No row is held; what is, are the states of windows. With `handsOut`, where
 * the rows of a group come together, each group is handed out as soon as it is whole; else all are in one set at the end.
 *
 * @throws DbError QUERY_LIMIT, and what the rows throw
 */
export async function* aggregateRows(
  source: PlannedSubquery,
  arrivals: Arrivals<SeriesBlock>,
  { held, handsOut }: { readonly held: HeldValues; readonly handsOut: boolean },
): AsyncGenerator<readonly ShardPartials[]> {
  const { isDescending } = source.shardPlan;
  const pieces = new RowPieces(source);
  const groups = new HeldAggregates(aggregatesPlan(source), pieces, held);
  const comeTogether = handsOut && comesInGroups(source);
  for await (const blocks of arrivals) {
    for (const block of blocks) {
      const group = pieces.groupOf(block);
      if (group === undefined) continue;
      if (comeTogether && !groups.has(group)) yield groups.take();
      groups.add(isDescending ? reversed(block) : block);
    }
  }
  yield groups.take();
}

/** Whether all rows of a group come one after the other: those of a subquery are sorted by its dimensions. */
export function comesInGroups({ plan, shardPlan }: PlannedSubquery): boolean {
  return shardPlan.dimensions.every((key, index) => plan.mergePlan.dimensions[index] === key);
}

/** The aggregates of groups that are not handed out yet, by span of time. */
class HeldAggregates {
  readonly #plan: AggregatesPlan;
  readonly #pieces: RowPieces;
  readonly #held: HeldValues;
  /** Which of several values at one time is picked must not depend on where they stand in a block. */
  readonly #cutsEqual: boolean;
  #spans = new Map<TimestampNs, SpanAggregates>();
  #heldCount = 0;

  constructor(plan: AggregatesPlan, pieces: RowPieces, held: HeldValues) {
    this.#plan = plan;
    this.#pieces = pieces;
    this.#held = held;
    this.#cutsEqual = plan.output.calls.some((call) => 'picksByTime' in FUNCTIONS[call.function] && FUNCTIONS[call.function].picksByTime);
  }

  has(group: GroupKey): boolean {
    for (const span of this.#spans.values()) if (span.has(group)) return true;
    return this.#spans.size === 0;
  }

  /** `block` ascends. */
  add(block: SeriesBlock): void {
    for (const piece of this.#pieces.inSpans(block, this.#cutsEqual)) {
      const span = this.#spans.get(piece.startNs) ?? new SpanAggregates(this.#plan, this.#pieces, piece.startNs);
      this.#spans.set(piece.startNs, span);
      const count = span.add(piece);
      this.#heldCount += count;
      this.#held.add(count);
    }
  }

  /** What was gathered; nothing is held after that. */
  take(): readonly ShardPartials[] {
    const spans = this.#spans;
    this.#spans = new Map();
    this.#held.release(this.#heldCount);
    this.#heldCount = 0;
    return Array.from(spans, ([startNs, span]) => ({ startNs, partials: span.frames() }));
  }
}

function aggregatesPlan({ shardPlan }: PlannedSubquery): AggregatesPlan {
  const { output } = shardPlan;
  assert(output.kind === 'aggregates', 'a plan for aggregates');
  return { ...shardPlan, output };
}

interface HeldGroup {
  readonly key: GroupKey;
  readonly aggregates: GroupAggregates;
}

/** The aggregates of all groups in one span. */
class SpanAggregates {
  readonly #calls: AggregateCalls;
  readonly #groups = new Map<string, HeldGroup>();

  constructor(plan: AggregatesPlan, pieces: RowPieces, startNs: TimestampNs) {
    this.#calls = new AggregateCalls(plan, pieces, startNs);
  }

  /** How many values more are held now. */
  add({ group, rows }: SpanPiece): number {
    const { aggregates } = this.#groupOf(group);
    const heldBefore = aggregates.heldCount;
    aggregates.add(rows.series, rows.slice);
    return aggregates.heldCount - heldBefore;
  }

  async *frames(): AsyncGenerator<Uint8Array> {
    const { isDescending, output } = this.#calls.plan;
    const sign = isDescending ? -1 : 1;
    const groups = [...this.#groups.values()].sort((left, right) => sign * compareGroups(left.key, right.key));
    const writer = new FrameWriter(frameKind(output));
    for (const { aggregates } of groups) yield* aggregates.encode(writer, finished(aggregates.order()));
    if (!writer.isEmpty) yield writer.take();
  }

  has(group: GroupKey): boolean {
    return this.#groups.has(groupId(group));
  }

  #groupOf(key: GroupKey): HeldGroup {
    const id = groupId(key);
    const known = this.#groups.get(id);
    if (known !== undefined) return known;
    const group = { key, aggregates: new GroupAggregates(this.#calls, key) };
    this.#groups.set(id, group);
    return group;
  }
}
