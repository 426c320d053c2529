import { assert, type ByteReader } from '@varve/base';
import { joinNs, splitNs, type SplitTime } from '@varve/model';
import { copyState, joinState, noStates, type ColumnForm, type NumberStates } from '../functions/column-form.ts';
import { columnForm } from '../functions/function-table.ts';
import { COLUMN_FRAME, decodeRun, type ColumnShape, type StateRun } from '../partial/column-frame.ts';
import { compareGroups, decodeGroupKey } from '../partial/group-key.ts';
import { MergeHeap } from '../partial/merge-heap.ts';
import type { AggregatesInput, MergePlan } from '../plan/query-plan.ts';
import { WindowGrid, type WindowStarts } from '../plan/window-grid.ts';
import { FrameStream, type ShardPartials } from './partial-stream.ts';
import type { WindowBatch } from './window-batch.ts';

/**
 * Merges partial aggregates that came in columns, in order of (group, window), run by run: up to where the first of the
 * group's runs ends, the states of equal windows are joined. One run of each shard is in memory.
 */
export async function* mergedColumns(plan: MergePlan, input: AggregatesInput, shards: readonly ShardPartials[]): AsyncGenerator<WindowBatch> {
  const forms = input.calls.map(({ function: name, type }) => formOf(name, type));
  const shape = { forms, isDescending: plan.isDescending, decodeGroup: (reader: ByteReader) => decodeGroupKey(reader, plan.dimensions.length) };
  const streams = shards.map((shard) => new RunStream(shard, shape, new WindowGrid(input.window, shard.startNs)));
  try {
    await Promise.all(streams.map((stream) => stream.load()));
    const heap = new MergeHeap<RunStream>(
      (left, right) => (plan.isDescending ? -compareHeads(left, right) : compareHeads(left, right)),
      streams.filter(({ isDone }) => !isDone),
    );
    let header: Pick<StateRun, 'group' | 'hasValues'> | undefined;
    for (let least = heap.least; least !== undefined; least = heap.least) {
      const ofGroup = takeGroup(heap);
      if (header === undefined || compareGroups(header.group, least.run.group) !== 0) header = headerOf(ofGroup);
      const pieces = piecesOf(ofGroup, plan.isDescending);
      yield batchOf({ forms, isDescending: plan.isDescending, hasPointTimes: input.hasPointTimes }, header, pieces);
      for (const stream of ofGroup) {
        if (stream.isRunDone) await stream.load();
        if (!stream.isDone) heap.push(stream);
      }
    }
  } finally {
    await Promise.all(streams.map((stream) => stream.close()));
  }
}

function formOf(name: AggregatesInput['calls'][number]['function'], type: AggregatesInput['calls'][number]['type']): ColumnForm {
  const form = columnForm(name, type);
  assert(form !== undefined, `${name}() of ${type} has no columns`);
  return form;
}

/** Takes out all streams that stand in the group of the least one. */
function takeGroup(heap: MergeHeap<RunStream>): RunStream[] {
  const first = heap.pop()!;
  const streams = [first];
  while (heap.least !== undefined && compareGroups(heap.least.run.group, first.run.group) === 0) streams.push(heap.pop()!);
  return streams;
}

/** When a group is the least, every stream that has it stands at its start: what they have, taken together. */
function headerOf(streams: readonly RunStream[]): Pick<StateRun, 'group' | 'hasValues'> {
  const { group, hasValues } = streams[0]!.run;
  return { group, hasValues: hasValues.map((_has, call) => streams.some(({ run }) => run.hasValues[call])) };
}

function compareHeads(left: RunStream, right: RunStream): number {
  return compareGroups(left.run.group, right.run.group) || compareStarts(left.starts, left.position, right.starts, right.position);
}

function compareStarts(left: WindowStarts, leftIndex: number, right: WindowStarts, rightIndex: number): number {
  return left.ms[leftIndex]! - right.ms[rightIndex]! || left.subNs[leftIndex]! - right.subNs[rightIndex]!;
}

/** Windows [start, end) of a run. */
interface Piece {
  readonly starts: WindowStarts;
  readonly states: readonly NumberStates[];
  readonly start: number;
  readonly end: number;
}

/** What can be merged now: nobody has windows before the first end of a run that are not in these runs. Moves the streams on. */
function piecesOf(streams: readonly RunStream[], isDescending: boolean): Piece[] {
  const sign = isDescending ? -1 : 1;
  const [first] = streams;
  let until = first!;
  for (const stream of streams) if (sign * compareStarts(stream.starts, stream.lastIndex, until.starts, until.lastIndex) < 0) until = stream;
  const limit = { starts: until.starts, index: until.lastIndex };
  return streams.map((stream) => {
    const start = stream.position;
    let end = stream === until ? stream.lastIndex + 1 : start;
    while (end <= stream.lastIndex && sign * compareStarts(stream.starts, end, limit.starts, limit.index) <= 0) end += 1;
    stream.position = end;
    return { starts: stream.starts, states: stream.run.states, start, end };
  });
}

interface BatchShape {
  readonly forms: readonly ColumnForm[];
  readonly isDescending: boolean;
  readonly hasPointTimes: boolean;
}

function batchOf(shape: BatchShape, header: Pick<StateRun, 'group' | 'hasValues'>, pieces: readonly Piece[]): WindowBatch {
  const { forms, hasPointTimes } = shape;
  const { starts, states } = pieces.length === 1 ? wholePiece(shape, pieces[0]!) : joinedPieces(shape, pieces);
  const [first] = states;
  return {
    ...header,
    ...starts,
    cells: forms.map((form, call) => form.answers(states[call]!)),
    pointsNs: hasPointTimes ? Array.from(first!.has, (has, window) => (has === 1 ? joinNs(first!.ms[window]!, first!.subNs[window]!) : undefined)) : [],
  };
}

interface Merged {
  readonly starts: WindowStarts;
  readonly states: readonly NumberStates[];
}

function wholePiece(shape: BatchShape, piece: Piece): Merged {
  if (piece.start === 0 && piece.end === piece.starts.ms.length) return piece;
  return joinedPieces(shape, [piece]);
}

function joinedPieces({ forms, isDescending }: BatchShape, pieces: readonly Piece[]): Merged {
  const { starts, positions } = unionOf(pieces, isDescending);
  const states = forms.map((form, call) => {
    const joined = noStates(form, starts.ms.length);
    for (const [index, piece] of pieces.entries()) {
      const from = piece.states[call]!;
      for (let window = piece.start; window < piece.end; window += 1) {
        if (from.has[window] === 0) continue;
        const position = positions[index]![window - piece.start]!;
        if (index === 0) copyState(form, joined, position, from, window);
        else joinState(form, joined, position, from, window);
      }
    }
    return joined;
  });
  return { starts, states };
}

/** All windows of the pieces once, in order, and where those of each piece are among them. */
function unionOf(pieces: readonly Piece[], isDescending: boolean): { readonly starts: WindowStarts; readonly positions: readonly Int32Array[] } {
  const all = pieces.flatMap(({ starts, start, end }, piece) => Array.from({ length: end - start }, (_, index) => ({ starts, index: start + index, piece, at: index })));
  const sign = isDescending ? -1 : 1;
  if (pieces.length > 1) all.sort((left, right) => sign * compareStarts(left.starts, left.index, right.starts, right.index));
  const positions = pieces.map(({ start, end }) => new Int32Array(end - start));
  const starts: WindowStarts = { ms: [], subNs: [] };
  for (const [index, { starts: own, index: window, piece, at }] of all.entries()) {
    const before = all[index - 1];
    if (before === undefined || compareStarts(before.starts, before.index, own, window) !== 0) {
      starts.ms.push(own.ms[window]!);
      starts.subNs.push(own.subNs[window]!);
    }
    positions[piece]![at] = starts.ms.length - 1;
  }
  return { starts, positions };
}

const NO_RUN: StateRun = { group: { measurement: '', values: [] }, hasValues: [], windows: [], states: [] };

/** The runs of one shard, one after the other. */
class RunStream {
  run = NO_RUN;
  starts: WindowStarts = { ms: [], subNs: [] };
  /** The window of the run that the stream stands at. */
  position = 0;
  readonly #frames: FrameStream;
  readonly #shape: ColumnShape;
  readonly #grid: WindowGrid;
  readonly #start: SplitTime;
  #reader: ByteReader | undefined;
  #isDone = false;

  constructor(shard: ShardPartials, shape: ColumnShape, grid: WindowGrid) {
    this.#frames = new FrameStream(shard, COLUMN_FRAME);
    this.#shape = shape;
    this.#grid = grid;
    this.#start = splitNs(shard.startNs);
  }

  get lastIndex(): number {
    return this.run.windows.length - 1;
  }

  get isRunDone(): boolean {
    return this.position > this.lastIndex;
  }

  get isDone(): boolean {
    return this.#isDone;
  }

  /** Moves to the next run. @throws DbError MESSAGE_INVALID */
  async load(): Promise<void> {
    let announced = this.#reader === undefined ? undefined : this.run;
    while (this.#reader === undefined || this.#reader.remaining === 0) {
      this.#reader = await this.#frames.next();
      announced = undefined;
      if (this.#reader !== undefined) continue;
      this.#isDone = true;
      return;
    }
    this.run = decodeRun(this.#reader, this.#shape, this.#start, announced);
    this.starts = this.#grid.startsOf(this.run.windows);
    this.position = 0;
  }

  close(): Promise<void> {
    return this.#frames.close();
  }
}
