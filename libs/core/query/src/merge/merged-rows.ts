import type { ByteReader, TimestampNs } from '@varve/base';
import { splitNs, type Cell, type SeriesKey } from '@varve/model';
import { compareGroups, type GroupKey } from '../partial/group-key.ts';
import { MergeHeap } from '../partial/merge-heap.ts';
import { decodeRowBlock, ROW_FRAME } from '../partial/row-frame.ts';
import { FrameStream, type ShardPartials } from './partial-stream.ts';
import { BATCH_ROW_COUNT_MAX, emptyBatch, type RowBatch } from './row-batch.ts';

/** The shape that rows have on the wire and in the answer. */
export interface RowShape {
  readonly isDescending: boolean;
  readonly dimensionCount: number;
  readonly columnCount: number;
}

/**
 * Merges the rows of shards in order of (group, time, series). At most one frame of each shard is in memory; the least
 * stream hands out rows until another one is less.
 */
export async function* mergedRows(shape: RowShape, shards: readonly ShardPartials[]): AsyncGenerator<RowBatch> {
  const streams = shards.map((shard) => new RowStream(shard, shape));
  try {
    await Promise.all(streams.map((stream) => stream.load()));
    const heap = new MergeHeap<RowStream>((left, right) => compareHeads(shape, left, right), streams.filter(({ isDone }) => !isDone));
    while (heap.size > 0) {
      const least = heap.least!;
      yield takeRows(shape, least, heap.second);
      if (least.isBlockDone) await least.load();
      if (least.isDone) heap.pop();
      else heap.sink();
    }
  } finally {
    await Promise.all(streams.map((stream) => stream.close()));
  }
}

/** The rows of a stream up to the head of another. */
function takeRows(shape: RowShape, from: RowStream, until: RowStream | undefined): RowBatch {
  const batch = emptyBatch(from.block.group, shape.columnCount);
  do {
    const { ms, subNs, cells } = from.block;
    batch.ms.push(ms[from.position]!);
    batch.subNs.push(subNs[from.position]!);
    for (let column = 0; column < shape.columnCount; column += 1) batch.inputs[column]!.push(cells[column]![from.position]!);
    from.position += 1;
  } while (!from.isBlockDone && batch.ms.length < BATCH_ROW_COUNT_MAX && (until === undefined || compareHeads(shape, from, until) <= 0));
  return batch;
}

function compareHeads({ isDescending }: RowShape, left: RowStream, right: RowStream): number {
  const order =
    compareGroups(left.block.group, right.block.group) ||
    left.block.ms[left.position]! - right.block.ms[right.position]! ||
    left.block.subNs[left.position]! - right.block.subNs[right.position]! ||
    compareKeys(keyAt(left), keyAt(right));
  return isDescending ? -order : order;
}

function keyAt({ block: { seriesKeys, seriesOf }, position }: RowStream): SeriesKey {
  return seriesKeys[seriesOf[position]!]!;
}

function compareKeys(left: SeriesKey, right: SeriesKey): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

interface TimedBlock {
  readonly group: GroupKey;
  readonly ms: readonly number[];
  readonly subNs: readonly number[];
  readonly seriesKeys: readonly SeriesKey[];
  readonly seriesOf: readonly number[];
  readonly cells: readonly (readonly Cell[])[];
}

const NO_BLOCK: TimedBlock = { group: { measurement: '', values: [] }, ms: [], subNs: [], seriesKeys: [], seriesOf: [], cells: [] };

class RowStream {
  position = 0;
  readonly #frames: FrameStream;
  readonly #shape: RowShape;
  #reader: ByteReader | undefined;
  #block = NO_BLOCK;
  #isDone = false;

  constructor(shard: ShardPartials, shape: RowShape) {
    this.#frames = new FrameStream(shard, ROW_FRAME);
    this.#shape = shape;
  }

  get block(): TimedBlock {
    return this.#block;
  }

  get isBlockDone(): boolean {
    return this.position >= this.#block.ms.length;
  }

  get isDone(): boolean {
    return this.#isDone;
  }

  /** Moves to the first row of the next block. */
  async load(): Promise<void> {
    do {
      if (this.#reader === undefined || this.#reader.remaining === 0) this.#reader = await this.#frames.next();
      if (this.#reader === undefined) {
        this.#isDone = true;
        return;
      }
      this.#block = timedBlock(this.#reader, this.#frames.startNs, this.#shape);
      this.position = 0;
    } while (this.isBlockDone);
  }

  close(): Promise<void> {
    return this.#frames.close();
  }
}

function timedBlock(reader: ByteReader, startNs: TimestampNs, { dimensionCount, columnCount }: RowShape): TimedBlock {
  const { group, offsetsNs, seriesKeys, seriesOf, cells } = decodeRowBlock(reader, dimensionCount, columnCount);
  const start = splitNs(startNs);
  const ms: number[] = [];
  const subNs: number[] = [];
  for (const offset of offsetsNs) {
    // Exact: a sum below 2^53, then a remainder.
    const fromStartMs = start.subNs + offset;
    const rest = fromStartMs % NS_PER_MS;
    ms.push(start.ms + (fromStartMs - rest) / NS_PER_MS);
    subNs.push(rest);
  }
  return { group, ms, subNs, seriesKeys, seriesOf, cells };
}

const NS_PER_MS = 1_000_000;
