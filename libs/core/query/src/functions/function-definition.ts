import type { ByteReader, ByteWriter, TimestampNs } from '@varve/base';
import type { Cell, FieldType } from '@varve/model';
import type { ColumnForm } from './column-form.ts';
import type { Run, SummaryRun } from './run.ts';
import type { Steps } from './steps.ts';

/**
 * A function of InfluxQL in two halves. On a data node a `PartialState` takes runs of values into slots, one slot per
 * window of one group, and encodes each as bytes. On the coordinator a `Merger` takes the bytes of one (group, window)
 * from every shard, in any order, and says what the function answers.
 *
 *     values ─ add ─▶ PartialState ─ encode ─▶ bytes ─ merge ─▶ Merger ─ results ─▶ cells
 */
export interface FunctionDefinition {
  /** Types of the argument that it takes; of others it refuses with InfluxDB's text. */
  readonly argumentTypes: readonly FieldType[];
  /** Whether it picks one point, whose own time and neighbours (other fields, tags) can be asked for. */
  readonly isSelector: boolean;
  /**
   * Its results are rows of their own: at their times, if they have one, with GROUP BY time too, and never filled. There may be
   * several per window. Absent: one per window, at its time.
   */
  readonly hasOwnRows?: boolean;
  /** A result may take 100 KiB and more: not many are held at a time. */
  readonly hasLargeResults?: boolean;
  /** Whether it picks by time alone: of values at one time only one may be in a run. */
  readonly picksByTime?: boolean;
  resultType(argumentType: FieldType): FieldType;
  /** States of numbers, where the function has them for arguments of the type and nothing is carried beside a point. `isTimed`: the time of a selector's point may show. */
  readonly columns?: ((argumentType: FieldType, isTimed: boolean) => ColumnForm | undefined) | undefined;
  /** Offsets of what is added count from the shard's start. */
  createPartial(options: FunctionOptions, shardStartNs: TimestampNs): PartialState;
  createMerger(options: FunctionOptions): Merger;
  /** Makes a result with a stretch final, when the windows beside it are known. */
  readonly linkWindow?: (options: FunctionOptions, stretch: Stretch, neighbours: StretchNeighbours) => readonly FunctionResult[];
}

export interface FunctionOptions {
  readonly type: FieldType;
  /** The last argument: the rank of `percentile(x, 90)`, how many points of `top(x, 3)`, the unit of `integral(x, 1m)` in ns. */
  readonly parameter: number | undefined;
  /** The tags of `top(x, tag, 3)`. */
  readonly tags: readonly string[];
  /** What `sample` is random by. */
  readonly seed: number;
  /** Of points that are equal for a selector: whether it picks the one of the greatest series key, or that of the least. */
  readonly picksLastKey: boolean;
  /** Of a value that is there several times: whether its last time counts; absent: its first. */
  readonly takesLastTime?: boolean;
  /** How many neighbour cells a selector carries with its point. */
  readonly neighbourCount: number;
}

/** Slots are numbered from 0 without gaps. All values of one state have the type it was created for. */
export interface PartialState {
  add(slot: number, run: Run): void;
  /** As `add` of all these values. Absent: the values themselves are needed. */
  addSummary?(slot: number, run: SummaryRun): void;
  /** Whether `addSummary` is fine with a summary without numbers. */
  readonly countIsEnough?: boolean;
  /** How many values, of about eight bytes, are held, over all slots. Absent: none but a few numbers per slot. */
  readonly heldCount?: () => number;
  /** Into how many pieces the slot's bytes are cut, so that each is far below a frame. 0: nothing was added. */
  partCount(slot: number): number;
  encode(slot: number, partIndex: number, writer: ByteWriter): void;
}

/** Merges the states of one window at a time. */
export interface Merger {
  reset(): void;
  /** Takes one part. Times in it count from the shard's start. @throws DbError QUERY_LIMIT when it would hold too many values */
  merge(reader: ByteReader, shardStartNs: TimestampNs): void;
  /** What the function answers for the window: usually one result, none when it has no answer. */
  results(): readonly FunctionResult[];
  /** As `results`, where that may take long. Absent: it does not. */
  readonly resultsInSteps?: () => Steps<readonly FunctionResult[]>;
}

export interface FunctionResult {
  readonly value: Cell;
  /** The point's own time, for selectors; in any order, those of one time in the order of the answer. */
  readonly timeNs: TimestampNs | undefined;
  /** The cells beside the picked point, for selectors. */
  readonly neighbours: readonly Cell[];
  /** Where it depends on the windows beside this one: the window's own part of it. The value is none yet. */
  readonly stretch?: Stretch;
}

/** What a window has for a function that joins neighbouring points, over the ends of windows too. */
export interface Stretch {
  readonly first: TimedValue;
  readonly last: TimedValue;
  /** The area between its points, added to what is there already. */
  areaFrom(start: number): number;
}

export interface TimedValue {
  readonly timeNs: TimestampNs;
  readonly value: number;
}

/** What is beside a stretch, among windows that have one in the same group. */
export interface StretchNeighbours {
  /** The last point of the window before, and where that window ends. */
  readonly previous: { readonly last: TimedValue; readonly endNs: TimestampNs } | undefined;
  /** The first point of the window behind. */
  readonly next: TimedValue | undefined;
  /** The time of the window's row. */
  readonly rowNs: TimestampNs;
  /** Where the window ends; undefined without windows. */
  readonly endNs: TimestampNs | undefined;
}
