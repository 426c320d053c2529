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
import type { RowTimes } from './row-batch.ts';
import type { WindowBatch } from './window-batch.ts';

/**
 * Merges partial aggregates that came in columns, in order of (group, window), run by run: up to where the first of the
 * group's runs ends, the states of equal windows are joined. Where one shard alone has the group, its runs stay as they are. One run of
 * each shard is in memory.
 */
export async function* mergedColumns(plan: MergePlan, input: AggregatesInput, shards: readonly ShardPartials[]): AsyncGenerator<Iterable<WindowBatch>> {
  const forms = input.calls.map((call) => formOf(call, input.window));
  const shape = { forms, isDescending: plan.isDescending, decodeGroup: (reader: ByteReader) => decodeGroupKey(reader, plan.dimensions.length) };
  const streams = shards.map((shard) => new RunStream(shard, shape, new WindowGrid(input.window, shard.startNs)));
  const merge = new ColumnMerge({ forms, isDescending: plan.isDescending, hasPointTimes: input.hasPointTimes }, streams);
  try {
    while (await merge.hasMore()) yield merge.batches();
  } finally {
    await Promise.all(streams.map((stream) => stream.close()));
  }
}

class ColumnMerge {
  readonly #shape: BatchShape;
  /** Streams that stand at a window. */
  readonly #heap: MergeHeap<RunStream>;
  /** Those whose next run has not come yet. */
  #awaited: RunStream[];
  #header: Pick<StateRun, 'group' | 'hasValues'> | undefined;

  constructor(shape: BatchShape, streams: readonly RunStream[]) {
    this.#shape = shape;
    this.#heap = new MergeHeap<RunStream>((left, right) => (shape.isDescending ? -compareHeads(left, right) : compareHeads(left, right)));
    this.#awaited = [...streams];
  }

  /** Waits for the runs that must come before anything else is merged. */
  async hasMore(): Promise<boolean> {
    await Promise.all(this.#awaited.map((stream) => stream.load()));
    for (const stream of this.#awaited) if (!stream.isDone) this.#heap.push(stream);
    this.#awaited = [];
    return this.#heap.size > 0;
  }

  /** Merges what is there, until a run must be awaited. */
  *batches(): Generator<WindowBatch> {
    while (this.#awaited.length === 0 && this.#heap.size > 0) {
      const streams = this.#takeGroup();
      yield this.#batchOf(streams);
      for (const stream of streams) {
        if (!stream.isRunDone || stream.loadFromFrame()) this.#heap.push(stream);
        else this.#awaited.push(stream);
      }
    }
  }

  /** Takes out all streams that stand in the group of the least one. */
  #takeGroup(): RunStream[] {
    const first = this.#heap.pop()!;
    const streams = [first];
    while (this.#heap.least !== undefined && compareGroups(this.#heap.least.run.group, first.run.group) === 0) streams.push(this.#heap.pop()!);
    return streams;
  }

  #batchOf(streams: readonly RunStream[]): WindowBatch {
    const [first] = streams;
    if (this.#header === undefined || compareGroups(this.#header.group, first!.run.group) !== 0) this.#header = headerOf(streams);
    const { forms, isDescending, hasPointTimes } = this.#shape;
    const { times, states } = joinedPieces(forms, piecesOf(streams, isDescending), isDescending);
    return {
      group: this.#header.group,
      hasValues: this.#header.hasValues,
      times,
      cells: forms.map((form, call) => form.answers(states[call]!)),
      pointsNs: hasPointTimes ? pointTimes(states[0]!) : [],
    };
  }
}

function formOf({ function: name, type }: AggregatesInput['calls'][number], window: AggregatesInput['window']): ColumnForm {
  const form = columnForm(name, type, window !== undefined);
  assert(form !== undefined, `${name}() of ${type} has no columns`);
  return form;
}

/** When a group is the least, every stream that has it stands at its start: what they have, taken together. */
function headerOf(streams: readonly RunStream[]): Pick<StateRun, 'group' | 'hasValues'> {
  const { group, hasValues } = streams[0]!.run;
  if (streams.length === 1) return { group, hasValues };
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
  const pieces: Piece[] = [];
  for (const stream of streams) {
    const { starts, run: { states }, position: start } = stream;
    let end = stream === until ? stream.lastIndex + 1 : start;
    while (end <= stream.lastIndex && sign * compareStarts(starts, end, limit.starts, limit.index) <= 0) end += 1;
    stream.position = end;
    if (start < end) pieces.push({ starts, states, start, end });
  }
  return pieces;
}

interface BatchShape {
  readonly forms: readonly ColumnForm[];
  readonly isDescending: boolean;
  readonly hasPointTimes: boolean;
}

function pointTimes({ has, ms, subNs }: NumberStates): WindowBatch['pointsNs'] {
  return Array.from(has, (there, window) => (there === 1 ? joinNs(ms[window]!, subNs[window]!) : undefined));
}

interface Merged {
  readonly times: RowTimes;
  readonly states: readonly NumberStates[];
}

/** The states of all windows of some pieces, joined where several have a window. One that is a whole run stays as it is. */
function joinedPieces(forms: readonly ColumnForm[], pieces: readonly Piece[], isDescending: boolean): Merged {
  const [first] = pieces;
  if (pieces.length === 1 && first!.start === 0 && first!.end === first!.starts.ms.length) return { times: first!.starts, states: first!.states };
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
  return { times: starts, states };
}

/** All windows of the pieces once, in order, and where those of each piece are among them. */
function unionOf(pieces: readonly Piece[], isDescending: boolean): { readonly starts: WindowStarts; readonly positions: readonly Int32Array[] } {
  const sign = isDescending ? -1 : 1;
  const starts: WindowStarts = { ms: [], subNs: [] };
  const positions = pieces.map(({ start, end }) => new Int32Array(end - start));
  const heads = pieces.map(({ start }) => start);
  const isBefore = (left: number, right: number): boolean => sign * compareStarts(pieces[left]!.starts, heads[left]!, pieces[right]!.starts, heads[right]!) < 0;
  for (;;) {
    let least = -1;
    for (let piece = 0; piece < pieces.length; piece += 1) {
      if (heads[piece]! < pieces[piece]!.end && (least < 0 || isBefore(piece, least))) least = piece;
    }
    if (least < 0) return { starts, positions };
    const row = starts.ms.push(pieces[least]!.starts.ms[heads[least]!]!) - 1;
    starts.subNs.push(pieces[least]!.starts.subNs[heads[least]!]!);
    for (let piece = 0; piece < pieces.length; piece += 1) {
      const { starts: own, start, end } = pieces[piece]!;
      const head = heads[piece]!;
      if (head >= end || compareStarts(own, head, starts, row) !== 0) continue;
      positions[piece]![head - start] = row;
      heads[piece] = head + 1;
    }
  }
}

const NO_RUN: StateRun = { group: { measurement: '', values: [] }, hasValues: [], windows: [], all: new Uint8Array(0), states: [] };

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

  /** Whether there was no further run to move to. */
  get isDone(): boolean {
    return this.#reader === undefined;
  }

  /** Moves to the next run. @throws DbError MESSAGE_INVALID */
  async load(): Promise<void> {
    do this.#reader = await this.#frames.next();
    while (this.#reader?.remaining === 0);
    if (this.#reader !== undefined) this.#decode(this.#reader, undefined);
  }

  /** The same if it is in the frame of the run before; whether it is. @throws DbError MESSAGE_INVALID */
  loadFromFrame(): boolean {
    if (this.#reader!.remaining === 0) return false;
    this.#decode(this.#reader!, this.run);
    return true;
  }

  close(): Promise<void> {
    return this.#frames.close();
  }

  #decode(reader: ByteReader, before: StateRun | undefined): void {
    const run = decodeRun(reader, this.#shape, this.#start, before);
    if (run.windows !== this.run.windows) this.starts = this.#grid.startsOf(run.windows);
    this.run = run;
    this.position = 0;
  }
}
