import { ByteReader, DbError, type SizeBytes, type TimestampNs } from '@varve/base';
import { columnForm, FUNCTIONS } from '../functions/function-table.ts';
import { AGGREGATE_FRAME, decodeHeader, GOES_ON_ITEM, goesOn, GROUP_ITEM, mergeStates, WINDOW_ITEM } from '../partial/aggregate-frame.ts';
import { COLUMN_FRAME, decodeRun, type StateRun } from '../partial/column-frame.ts';
import { decodeGroupKey, type GroupKey } from '../partial/group-key.ts';
import { decodeRowBlock, ROW_FRAME } from '../partial/row-frame.ts';
import { optionsOf, type AggregatesOutput, type AnswerPlace, type ShardPlan } from '../plan/shard-plan.ts';

/** Room for frames that wait, of all statements of a coordinator. */
export interface WaitingRoom {
  leftSizeBytes: SizeBytes;
}

/**
 * What has been merged of a shard's partial result, so that another owner can go on where one has failed (Q4): behind the last row or window of
 * the last frame. Whether an owner's states of one window are whole shows at their end; so the frames of a window that takes several wait for
 * it, as long as there is room. What had none is merged, and then nobody can go on within that window.
 */
export class AnsweredSoFar {
  readonly #plan: ShardPlan;
  readonly #room: WaitingRoom | undefined;
  #waiting: Uint8Array[] = [];
  #waitingSizeBytes: SizeBytes = 0;
  #hasMerged = false;
  /** The last frame that was merged. */
  #last: Uint8Array | undefined;

  /** Without a room nobody else could go on, within a process for one: then no frame is kept for it. */
  constructor(plan: ShardPlan, room: WaitingRoom | undefined) {
    this.#plan = plan;
    this.#room = room;
  }

  /** Of frames that wait. */
  get waitingSizeBytes(): SizeBytes {
    return this.#waitingSizeBytes;
  }

  /** The frames that may be merged now that this one has come. */
  add(frame: Uint8Array): readonly Uint8Array[] {
    const room = this.#room;
    if (room !== undefined && goesOn(frame) && !this.#isWithinWindow && frame.length <= room.leftSizeBytes) {
      this.#waiting.push(frame);
      this.#waitingSizeBytes += frame.length;
      room.leftSizeBytes -= frame.length;
      return [];
    }
    const ready = this.#waiting.length === 0 ? [frame] : [...this.#waiting, frame];
    this.letGo();
    this.#hasMerged = true;
    if (room !== undefined) this.#last = frame;
    return ready;
  }

  /** Those that wait are not merged any more. */
  letGo(): void {
    if (this.#waiting.length === 0) return;
    this.#room!.leftSizeBytes += this.#waitingSizeBytes;
    [this.#waiting, this.#waitingSizeBytes] = [[], 0];
  }

  /** What the next owner is asked for. undefined: nobody can go on, for a part of a window has been merged. */
  rest(): ShardPlan | undefined {
    if (!this.#hasMerged) return this.#plan;
    if (this.#last === undefined || this.#isWithinWindow) return undefined;
    const behind = lastPlace(this.#last, this.#plan);
    // What is limited stays so: the first n behind the place, and those before it, have the first n of all.
    return behind && { ...this.#plan, behind };
  }

  get #isWithinWindow(): boolean {
    return this.#last !== undefined && goesOn(this.#last);
  }
}

/** The last row or window of a frame; undefined: it has none. @throws DbError MESSAGE_INVALID */
function lastPlace(frame: Uint8Array, plan: ShardPlan): AnswerPlace | undefined {
  const reader = new ByteReader(frame);
  const kind = reader.u8();
  const { output } = plan;
  if (output.kind === 'rows' && kind === ROW_FRAME) return lastRow(reader, plan);
  if (output.kind === 'aggregates' && kind === COLUMN_FRAME) return lastRun(reader, plan, output);
  if (output.kind === 'aggregates' && kind === AGGREGATE_FRAME) return lastWindow(reader, plan, output);
  throw new DbError('MESSAGE_INVALID', `a partial frame of kind ${kind} for ${output.kind}`);
}

function lastRow(reader: ByteReader, { dimensions, columns }: ShardPlan): AnswerPlace | undefined {
  let place: AnswerPlace | undefined;
  while (reader.remaining > 0) {
    const { group, offsetsNs, seriesKeys, seriesOf } = decodeRowBlock(reader, { dimensionCount: dimensions.length, columnCount: columns.length });
    if (offsetsNs.length > 0) place = { group, offsetNs: offsetsNs.at(-1)!, seriesKey: seriesKeys[seriesOf.at(-1)!]! };
  }
  return place;
}

/** Where times count from does not matter: they are not looked at. */
const NOWHEN = { ms: 0, subNs: 0 };
const NOWHEN_NS: TimestampNs = 0n;

function lastRun(reader: ByteReader, { dimensions, columns, isDescending }: ShardPlan, { calls, window }: AggregatesOutput): AnswerPlace | undefined {
  const forms = calls.map((call) => columnForm(call.function, columns[call.column]!.type, window !== undefined)!);
  const shape = { forms, isDescending, decodeGroup: (from: ByteReader): GroupKey => decodeGroupKey(from, dimensions.length) };
  let run: StateRun | undefined;
  while (reader.remaining > 0) run = decodeRun(reader, shape, NOWHEN, run);
  return run && { group: run.group, window: run.windows.at(-1)! };
}

function lastWindow(reader: ByteReader, { dimensions, columns }: ShardPlan, { calls, neighbours }: AggregatesOutput): AnswerPlace | undefined {
  const mergers = calls.map((call) => FUNCTIONS[call.function].createMerger(optionsOf(call, columns[call.column]!.type, neighbours.length)));
  let group: GroupKey | undefined;
  let place: AnswerPlace | undefined;
  while (reader.remaining > 0) {
    const item = reader.u8();
    if (item === GROUP_ITEM) group = decodeHeader(reader, dimensions.length, calls.length).key;
    else if (item === WINDOW_ITEM && group !== undefined) {
      place = { group, window: reader.varint() };
      for (const merger of mergers) merger.reset();
      mergeStates(reader, mergers, NOWHEN_NS);
    } else if (item !== GOES_ON_ITEM) throw new DbError('MESSAGE_INVALID', `unknown item in a partial frame: ${item}`);
  }
  return place;
}
