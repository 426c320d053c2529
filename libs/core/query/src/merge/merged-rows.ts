import type { ByteReader } from '@varve/base';
import { putTimeAfter, splitNs, type Cell, type SeriesKey, type SplitTime } from '@varve/model';
import { compareGroups, type GroupKey } from '../partial/group-key.ts';
import { MergeHeap } from '../partial/merge-heap.ts';
import type { ReadCells } from '../partial/read-cells.ts';
import { decodeRowBlock, ROW_FRAME } from '../partial/row-frame.ts';
import { FrameStream, type ShardPartials } from './partial-stream.ts';
import { rowCountAtOnce, type RowBatch, type RowTimes } from './row-batch.ts';
import { cellsInOrder, numbersInOrder } from './row-order.ts';

/** The shape that rows have on the wire and in the answer. */
interface RowShape {
  readonly isDescending: boolean;
  readonly dimensionCount: number;
  readonly columnCount: number;
}

/** Rows in the order of the answer: frames of a shard, or what the rows of a subquery became. */
export type RowsInput = ShardPartials | { readonly blocks: AsyncIterable<TimedBlock> };

/**
 * Merges rows of several inputs in order of (group, time, series), then of the inputs. At most one frame or block of each is in
 * memory; the least stream hands out rows until another one is less.
 */
export async function* mergedRows(shape: RowShape, inputs: readonly RowsInput[]): AsyncGenerator<Iterable<RowBatch>> {
  const streams = inputs.map((input, rank) => new RowStream('blocks' in input ? new GivenBlocks(input.blocks) : new FrameBlocks(input, shape), rank));
  try {
    await Promise.all(streams.map((stream) => stream.load()));
    const heap = new MergeHeap<RowStream>((left, right) => compareHeads(shape, left, right), streams.filter(({ isDone }) => !isDone));
    while (heap.size > 0) {
      yield batches(shape, heap);
      const least = heap.least!;
      await least.load();
      if (least.isDone) heap.pop();
      else heap.sink();
    }
  } finally {
    await Promise.all(streams.map((stream) => stream.close()));
  }
}

/** What can be merged before a block of the least stream must be awaited. */
function* batches(shape: RowShape, heap: MergeHeap<RowStream>): Generator<RowBatch> {
  while (!heap.least!.isBlockDone) yield isAlone(heap) ? takeOwnRows(shape, heap) : takeRows(shape, heap);
}

/** Whether no other stream has rows of the group at hand, or may get some before its block is at its end. */
function isAlone({ least, second }: MergeHeap<RowStream>): boolean {
  return second === undefined || compareGroups(least!.block.group, second.block.group) !== 0;
}

/** Rows of the least stream, as they follow each other in its block. */
function takeOwnRows(shape: RowShape, heap: MergeHeap<RowStream>): RowBatch {
  const stream = heap.least!;
  const { block, position: start } = stream;
  const end = Math.min(block.ms.length, start + rowCountAtOnce(shape.columnCount));
  stream.position = end;
  advance(heap);
  return { group: block.group, times: timesWithin(block, start, end), inputs: block.cells.map((cells) => cells.slice(start, end)) };
}

function timesWithin({ ms, subNs }: MergedBlock, start: number, end: number): RowTimes {
  return start === 0 && end === ms.length ? { ms, subNs } : { ms: ms.slice(start, end), subNs: subNs.slice(start, end) };
}

/** Rows of several streams, which take turns every few rows: it is found first who is next, then they are moved column by column. */
function takeRows(shape: RowShape, heap: MergeHeap<RowStream>): RowBatch {
  const { group } = heap.least!.block;
  const blocks: MergedBlock[] = [];
  const order = { blockOf: [] as number[], rows: [] as number[] };
  const rowCountMax = rowCountAtOnce(shape.columnCount);
  for (let least = heap.least!; order.rows.length < rowCountMax && !least.isBlockDone && compareGroups(least.block.group, group) === 0; least = heap.least!) {
    const until = heap.second;
    if (blocks[least.place] !== least.block) least.place = blocks.push(least.block) - 1;
    do {
      order.blockOf.push(least.place);
      order.rows.push(least.position);
      least.position += 1;
    } while (!least.isBlockDone && order.rows.length < rowCountMax && (until === undefined || compareHeads(shape, least, until) <= 0));
    advance(heap);
  }
  const times = { ms: numbersInOrder(blocks.map(({ ms }) => ms), order), subNs: numbersInOrder(blocks.map(({ subNs }) => subNs), order) };
  const inputs: Cell[][] = [];
  while (inputs.length < shape.columnCount) inputs.push(cellsInOrder(blocks.map(({ cells }) => cells[inputs.length]!), order));
  return { group, times, inputs };
}

/** The least stream has moved on. Where its next block must be awaited it stays the least, at the end of its block. */
function advance(heap: MergeHeap<RowStream>): void {
  const least = heap.least!;
  if (!least.isBlockDone || least.loadHere()) heap.sink();
}

function compareHeads({ isDescending }: RowShape, left: RowStream, right: RowStream): number {
  const order =
    compareGroups(left.block.group, right.block.group) ||
    left.block.ms[left.position]! - right.block.ms[right.position]! ||
    left.block.subNs[left.position]! - right.block.subNs[right.position]! ||
    compareKeys(keyAt(left), keyAt(right)) ||
    left.rank - right.rank;
  return isDescending ? -order : order;
}

function keyAt({ block: { seriesKeys, seriesOf }, position }: RowStream): SeriesKey {
  return seriesKeys[seriesOf[position]!]!;
}

function compareKeys(left: SeriesKey, right: SeriesKey): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

/** Rows of one group. All row arrays run alike; times are those of `SplitTimes`. Cells are the reader's. */
export interface TimedBlock {
  readonly group: GroupKey;
  readonly ms: readonly number[];
  readonly subNs: readonly number[];
  /** Whom rows come from, which decides between those of one time: keys, and per row which of them. */
  readonly seriesKeys: readonly SeriesKey[];
  readonly seriesOf: ArrayLike<number>;
  readonly cells: Cell[][];
}

/** A block on its way through the merge. */
interface MergedBlock extends Omit<TimedBlock, 'cells'> {
  readonly cells: readonly ReadCells[];
}

const NO_BLOCK: MergedBlock = { group: { measurement: '', values: [] }, ms: [], subNs: [], seriesKeys: [], seriesOf: [], cells: [] };

/** Hands out blocks one after the other. */
interface BlockSource {
  /** The next one of those that have arrived. */
  next(): MergedBlock | undefined;
  /** Waits for more; whether there are any. */
  arrive(): Promise<boolean>;
  close(): Promise<void>;
}

class FrameBlocks implements BlockSource {
  readonly #frames: FrameStream;
  readonly #shape: RowShape;
  readonly #start: SplitTime;
  #reader: ByteReader | undefined;

  constructor(shard: ShardPartials, shape: RowShape) {
    this.#frames = new FrameStream(shard, ROW_FRAME);
    this.#shape = shape;
    this.#start = splitNs(shard.startNs);
  }

  next(): MergedBlock | undefined {
    if (this.#reader === undefined || this.#reader.remaining === 0) return undefined;
    const { group, offsetsNs, seriesKeys, seriesOf, cells } = decodeRowBlock(this.#reader, this.#shape);
    const [ms, subNs]: [number[], number[]] = [[], []];
    for (let row = 0; row < offsetsNs.length; row += 1) putTimeAfter(this.#start, offsetsNs[row]!, { ms, subNs }, row);
    return { group, ms, subNs, seriesKeys, seriesOf, cells };
  }

  async arrive(): Promise<boolean> {
    this.#reader = await this.#frames.next();
    return this.#reader !== undefined;
  }

  close(): Promise<void> {
    return this.#frames.close();
  }
}

class GivenBlocks implements BlockSource {
  readonly #blocks: AsyncIterator<TimedBlock>;
  #block: TimedBlock | undefined;

  constructor(blocks: AsyncIterable<TimedBlock>) {
    this.#blocks = blocks[Symbol.asyncIterator]();
  }

  next(): TimedBlock | undefined {
    const block = this.#block;
    this.#block = undefined;
    return block;
  }

  async arrive(): Promise<boolean> {
    const { done, value } = await this.#blocks.next();
    if (done !== true) this.#block = value;
    return done !== true;
  }

  async close(): Promise<void> {
    await this.#blocks.return?.();
  }
}

class RowStream {
  position = 0;
  /** Of the block at hand among those that rows are taken from, if it is there. */
  place = 0;
  /** Decides between equal rows. */
  readonly rank: number;
  readonly #source: BlockSource;
  #block: MergedBlock = NO_BLOCK;
  #isDone = false;

  constructor(source: BlockSource, rank: number) {
    this.#source = source;
    this.rank = rank;
  }

  get block(): MergedBlock {
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
    while (!this.#isDone && !this.loadHere()) this.#isDone = !(await this.#source.arrive());
  }

  /** The same if it has arrived; whether it has. */
  loadHere(): boolean {
    do {
      const block = this.#source.next();
      if (block === undefined) return false;
      this.#block = block;
      this.position = 0;
    } while (this.isBlockDone);
    return true;
  }

  close(): Promise<void> {
    return this.#source.close();
  }
}
