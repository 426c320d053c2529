import { DbError, type ByteReader } from '@varve/base';
import type { FunctionResult, Merger } from '../functions/function-definition.ts';
import { FUNCTIONS } from '../functions/function-table.ts';
import type { Steps } from '../functions/steps.ts';
import { AGGREGATE_FRAME, decodeHeader, GOES_ON_ITEM, GROUP_ITEM, mergeStates, WINDOW_ITEM, type GroupHeader } from '../partial/aggregate-frame.ts';
import type { SplitTime } from '@varve/model';
import { compareGroups } from '../partial/group-key.ts';
import { MergeHeap } from '../partial/merge-heap.ts';
import type { AggregatesInput, MergePlan } from '../plan/query-plan.ts';
import { optionsOf, type WindowPlan } from '../plan/shard-plan.ts';
import { WindowGrid } from '../plan/window-grid.ts';
import { isLinked, WindowLinker } from './linked-windows.ts';
import { FrameStream, type ShardPartials } from './partial-stream.ts';
import type { Pause } from './transform-rows.ts';
import { WindowBatcher, type MergedWindow, type WindowBatch } from './window-batch.ts';

/**
 * Merges partial aggregates in order of (group, window) whose states are bytes. One window's states are in memory at a time,
 * and one frame of each shard. Others have a turn after every few frames.
 */
export async function* mergedWindows(plan: MergePlan, input: AggregatesInput, shards: readonly ShardPartials[], pause: Pause): AsyncGenerator<Iterable<WindowBatch>> {
  const shape = { dimensionCount: plan.dimensions.length, callCount: input.calls.length, window: input.window };
  const streams = shards.map((shard) => new WindowStream(shard, shape));
  const mergers = createMergers(input);
  const rest = restAfterFrames(pause);
  try {
    await Promise.all(streams.map((stream) => stream.advance()));
    const heap = new MergeHeap<WindowStream>(
      (left, right) => (plan.isDescending ? -compareHeads(left, right) : compareHeads(left, right)),
      streams.filter(({ isDone }) => !isDone),
    );
    const batches = new WindowBatcher(plan, input);
    const linker = isLinked(input) ? new WindowLinker(plan, input) : undefined;
    let group: GroupHeader | undefined;
    for (let least = heap.least; least !== undefined; least = heap.least) {
      if (group === undefined || compareGroups(group.key, least.group.key) !== 0) {
        if (linker !== undefined) for (const batch of batchesOf(batches, linker.finish())) yield [batch];
        group = groupOver(least.group, streams);
      }
      const { ms, subNs } = least;
      await mergeEqual(heap, mergers, rest);
      const window = { group, start: { ms, subNs }, results: await resultsOf(mergers, pause) };
      for (const batch of batchesOf(batches, linker === undefined ? [window] : linker.add(window))) {
        yield [batch];
        await rest();
      }
    }
    if (linker !== undefined) for (const batch of batchesOf(batches, linker.finish())) yield [batch];
    const last = batches.finish();
    if (last !== undefined) yield [last];
  } finally {
    await Promise.all(streams.map((stream) => stream.close()));
  }
}

function* batchesOf(batches: WindowBatcher, windows: readonly MergedWindow[]): Generator<WindowBatch> {
  for (const window of windows) yield* batches.add(window);
}

/** Merges all states of the least window, whichever streams they come from. */
async function mergeEqual(heap: MergeHeap<WindowStream>, mergers: readonly Merger[], rest: Pause): Promise<void> {
  for (const merger of mergers) merger.reset();
  const { group, ms, subNs } = heap.least!;
  for (let stream = heap.least; stream !== undefined; stream = heap.least) {
    if (stream.ms !== ms || stream.subNs !== subNs || compareGroups(stream.group.key, group.key) !== 0) break;
    stream.mergeInto(mergers);
    if (!stream.advanceInFrame()) {
      await rest();
      await stream.advance();
    }
    if (stream.isDone) heap.pop();
    else heap.sink();
  }
}

async function resultsOf(mergers: readonly Merger[], pause: Pause): Promise<(readonly FunctionResult[])[]> {
  const results: (readonly FunctionResult[])[] = [];
  for (const merger of mergers) results.push(merger.resultsInSteps === undefined ? merger.results() : await inTurns(merger.resultsInSteps(), pause));
  return results;
}

async function inTurns<Result>(steps: Steps<Result>, pause: Pause): Promise<Result> {
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
    await pause();
  }
}

/** Frames, of 64 KiB as a rule, that are merged in one go, and batches that are made: some milliseconds of work on either side. */
const FRAME_COUNT_AT_ONCE = 4;

function restAfterFrames(pause: Pause): Pause {
  let frameCount = 0;
  return async () => {
    frameCount += 1;
    if (frameCount % FRAME_COUNT_AT_ONCE === 0) await pause();
  };
}

/** When a group is the least, every stream that has it stands at its start: what they have, taken together. */
function groupOver({ key, hasValues }: GroupHeader, streams: readonly WindowStream[]): GroupHeader {
  const same = streams.filter((stream) => !stream.isDone && compareGroups(stream.group.key, key) === 0);
  return { key, hasValues: hasValues.map((_has, call) => same.some((stream) => stream.group.hasValues[call])) };
}

function compareHeads(left: WindowStream, right: WindowStream): number {
  return compareGroups(left.group.key, right.group.key) || left.ms - right.ms || left.subNs - right.subNs;
}

function createMergers({ calls, neighbours }: AggregatesInput): Merger[] {
  return calls.map((call) => FUNCTIONS[call.function].createMerger(optionsOf(call, call.type, neighbours.length)));
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
  #start: SplitTime = { ms: 0, subNs: 0 };
  #isDone = false;

  constructor(shard: ShardPartials, shape: WindowShape) {
    this.#frames = new FrameStream(shard, AGGREGATE_FRAME);
    this.#shape = shape;
    this.#grid = new WindowGrid(shape.window, shard.startNs);
  }

  get group(): GroupHeader {
    return this.#group;
  }

  /** When the window starts that the stream stands at, with `subNs`. */
  get ms(): number {
    return this.#start.ms;
  }

  get subNs(): number {
    return this.#start.subNs;
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
    while (!this.advanceInFrame()) {
      this.#reader = await this.#frames.next();
      if (this.#reader !== undefined) continue;
      this.#isDone = true;
      return;
    }
  }

  /** The same without waiting; false: the frame has no more. @throws DbError MESSAGE_INVALID */
  advanceInFrame(): boolean {
    while (this.#reader !== undefined && this.#reader.remaining > 0) if (this.#readItem(this.#reader)) return true;
    return false;
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
    if (item === GOES_ON_ITEM) return false;
    if (item !== WINDOW_ITEM) throw new DbError('MESSAGE_INVALID', `unknown item in a partial frame: ${item}`);
    const { ms, subNs } = this.#grid.startsOf([reader.varint()]);
    this.#start = { ms: ms[0]!, subNs: subNs[0]! };
    return true;
  }
}
