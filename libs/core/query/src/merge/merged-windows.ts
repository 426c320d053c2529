import { DbError, type ByteReader, type TimestampNs } from '@varve/base';
import type { FunctionResult, Merger } from '../functions/function-definition.ts';
import { FUNCTIONS } from '../functions/function-table.ts';
import { AGGREGATE_FRAME, decodeHeader, GROUP_ITEM, mergeStates, WINDOW_ITEM, type GroupHeader } from '../partial/aggregate-frame.ts';
import { compareGroups, type GroupKey } from '../partial/group-key.ts';
import { MergeHeap } from '../partial/merge-heap.ts';
import type { MergeInput, MergePlan } from '../plan/query-plan.ts';
import type { WindowPlan } from '../plan/shard-plan.ts';
import { WindowGrid } from '../plan/window-grid.ts';
import { FrameStream, type ShardPartials } from './partial-stream.ts';

/** One window of one group, merged over all shards. */
export interface MergedWindow {
  readonly group: GroupKey;
  /** Per call: whether any shard has values for it in the group. The same array for all windows of a group. */
  readonly hasValues: readonly boolean[];
  readonly startNs: TimestampNs;
  /** Per call; none where it has no answer in this window. */
  readonly results: readonly (readonly FunctionResult[])[];
}

export type AggregatesInput = MergeInput & { readonly kind: 'aggregates' };

/**
 * Merges partial aggregates in order of (group, window). One window's states are in memory at a time, and one frame of
 * each shard.
 */
export async function* mergedWindows(plan: MergePlan, input: AggregatesInput, shards: readonly ShardPartials[]): AsyncGenerator<MergedWindow> {
  const shape = { dimensionCount: plan.dimensions.length, callCount: input.calls.length, window: input.window };
  const streams = shards.map((shard) => new WindowStream(shard, shape));
  const mergers = createMergers(input);
  try {
    await Promise.all(streams.map((stream) => stream.advance()));
    const heap = new MergeHeap<WindowStream>(
      (left, right) => (plan.isDescending ? -compareHeads(left, right) : compareHeads(left, right)),
      streams.filter(({ isDone }) => !isDone),
    );
    let group: GroupHeader | undefined;
    for (let least = heap.least; least !== undefined; least = heap.least) {
      if (group === undefined || compareGroups(group.key, least.group.key) !== 0) group = groupOver(least.group, streams);
      const { startNs } = least;
      yield { group: group.key, hasValues: group.hasValues, startNs, results: await mergeEqual(heap, mergers) };
    }
  } finally {
    await Promise.all(streams.map((stream) => stream.close()));
  }
}

/** Merges all states of the least window, whichever streams they come from. */
async function mergeEqual(heap: MergeHeap<WindowStream>, mergers: readonly Merger[]): Promise<(readonly FunctionResult[])[]> {
  for (const merger of mergers) merger.reset();
  const { group, startNs } = heap.least!;
  for (let stream = heap.least; stream !== undefined; stream = heap.least) {
    if (stream.startNs !== startNs || compareGroups(stream.group.key, group.key) !== 0) break;
    stream.mergeInto(mergers);
    await stream.advance();
    if (stream.isDone) heap.pop();
    else heap.sink();
  }
  return mergers.map((merger) => merger.results());
}

/** When a group is the least, every stream that has it stands at its start: what they have, taken together. */
function groupOver({ key, hasValues }: GroupHeader, streams: readonly WindowStream[]): GroupHeader {
  const same = streams.filter((stream) => !stream.isDone && compareGroups(stream.group.key, key) === 0);
  return { key, hasValues: hasValues.map((_has, call) => same.some((stream) => stream.group.hasValues[call])) };
}

function compareHeads(left: WindowStream, right: WindowStream): number {
  const order = compareGroups(left.group.key, right.group.key);
  if (order !== 0 || left.startNs === right.startNs) return order;
  return left.startNs < right.startNs ? -1 : 1;
}

function createMergers({ calls, neighbours }: AggregatesInput): Merger[] {
  return calls.map(({ function: name, type, parameter }) => FUNCTIONS[name].createMerger({ type, parameter, neighbourCount: neighbours.length }));
}

interface WindowShape {
  readonly dimensionCount: number;
  readonly callCount: number;
  readonly window: WindowPlan | undefined;
}

const NO_GROUP: GroupHeader = { key: { measurement: '', values: [] }, hasValues: [] };

/** The windows of one shard, one after the other. */
class WindowStream {
  readonly #frames: FrameStream;
  readonly #shape: WindowShape;
  readonly #grid: WindowGrid;
  #reader: ByteReader | undefined;
  #group = NO_GROUP;
  #startNs: TimestampNs = 0n;
  #isDone = false;

  constructor(shard: ShardPartials, shape: WindowShape) {
    this.#frames = new FrameStream(shard, AGGREGATE_FRAME);
    this.#shape = shape;
    this.#grid = new WindowGrid(shape.window, shard.startNs);
  }

  get group(): GroupHeader {
    return this.#group;
  }

  /** When the window starts that the stream stands at. */
  get startNs(): TimestampNs {
    return this.#startNs;
  }

  get isDone(): boolean {
    return this.#isDone;
  }

  /** Reads the states of the window; the stream must be advanced next. */
  mergeInto(mergers: readonly Merger[]): void {
    mergeStates(this.#reader!, mergers, this.#frames.startNs);
  }

  /** Moves to the next window. @throws DbError MESSAGE_INVALID */
  async advance(): Promise<void> {
    for (;;) {
      if (this.#reader === undefined || this.#reader.remaining === 0) this.#reader = await this.#frames.next();
      if (this.#reader === undefined) {
        this.#isDone = true;
        return;
      }
      if (this.#reader.remaining > 0 && this.#readItem(this.#reader)) return;
    }
  }

  close(): Promise<void> {
    return this.#frames.close();
  }

  /** Whether the item was a window. */
  #readItem(reader: ByteReader): boolean {
    const item = reader.u8();
    if (item === GROUP_ITEM) {
      this.#group = decodeHeader(reader, this.#shape.dimensionCount, this.#shape.callCount);
      return false;
    }
    if (item !== WINDOW_ITEM) throw new DbError('MESSAGE_INVALID', `unknown item in a partial frame: ${item}`);
    this.#startNs = this.#grid.startNs(reader.varint());
    return true;
  }
}
