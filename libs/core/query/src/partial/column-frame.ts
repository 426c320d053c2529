import { DbError, type ByteReader, type ByteWriter, type WholeSizeBytes } from '@varve/base';
import { putTimeAfter, type SplitTime } from '@varve/model';
import { noStates, type ColumnForm, type NumberPartial, type NumberStates, type StateNumbers } from '../functions/column-form.ts';
import { decodeCell, encodeCell } from './cell-bytes.ts';
import { FrameWriter } from './frame-writer.ts';
import { encodeGroupKey, type GroupKey } from './group-key.ts';
import { isShortWhole, wholeSize } from './whole-numbers.ts';
import type { WindowOrder } from './window-order.ts';

/**
 * Partial aggregates whose states are numbers, as columns. A frame is read without any other:
 *
 *     frame    u8 kind = 3, then items to its end
 *     group    u8 1 · group key · one u8 per call: 1 when the group has values for it in this shard
 *     run      u8 2 · varint window count n · window numbers · one column of states per call
 *     windows  varint first · u8 1: each is one further · u8 0: n − 1 varint steps; backwards in a descending answer
 *     column   u8 0: no state in any · u8 1: in all · u8 2: n bytes, 1 where there is one
 *              then, for the windows that have one, each number of the states: u8 0 · f64 each, u8 1 · cells, or
 *              u8 2, 3, 4 · whole numbers in 1, 2, 4 bytes each, the least that hold them all;
 *              and of selectors the point's offset, unless the statement has windows and the function can do without: f64 each
 *
 * Groups come in the order of the answer, the windows of a group too. A group is announced again at the start of each frame.
 */
export const COLUMN_FRAME = 3;

const GROUP_ITEM = 1;
const RUN_ITEM = 2;

/** What one run holds at most, so that it is far below a frame: numbers, and windows. */
const RUN_NUMBER_COUNT_MAX = 8 * 1024;
/** Nobody sends more: a run is decoded as a whole. */
const RUN_WINDOW_COUNT_MAX = 8 * 1024;

/** Windows of one group in one shard. */
export interface StateRun {
  readonly group: GroupKey;
  /** Per call: whether this shard has values for it in the group. */
  readonly hasValues: readonly boolean[];
  /** As the shard numbers them, in the order of the answer. The same array where the run before has the same ones. */
  readonly windows: readonly number[];
  /** `has` of what is there in all windows: nobody writes into it. */
  readonly all: Uint8Array;
  /** Per call. */
  readonly states: readonly NumberStates[];
}

interface GroupColumns extends Pick<StateRun, 'group' | 'hasValues'> {
  readonly order: WindowOrder;
  readonly isDescending: boolean;
  /** One per call. */
  readonly partials: readonly NumberPartial[];
}

/** All windows of one group as frames; those that are not full yet stay in the writer. */
export function* encodeColumns(writer: FrameWriter, { group, hasValues, order, isDescending, partials }: GroupColumns): Generator<Uint8Array> {
  const numberCount = partials.reduce((count, { numbers }) => count + numbers.length + 1, 0);
  const runLength = Math.max(1, Math.floor(RUN_NUMBER_COUNT_MAX / numberCount));
  let isAnnounced = false;
  for (let start = 0; start < order.slots.length; start += runLength) {
    if (writer.isFull) {
      yield writer.take();
      isAnnounced = false;
    }
    if (!isAnnounced) encodeHeader(writer.bytes, group, hasValues);
    isAnnounced = true;
    const end = Math.min(start + runLength, order.slots.length);
    encodeWindows(writer.bytes, order.windows.slice(start, end), isDescending ? -1 : 1);
    const slots = order.slots.slice(start, end);
    for (const partial of partials) encodeStates(writer.bytes, partial, slots);
  }
}

function encodeHeader(bytes: ByteWriter, group: GroupKey, hasValues: readonly boolean[]): void {
  encodeGroupKey(bytes.u8(GROUP_ITEM), group);
  for (const has of hasValues) bytes.u8(has ? 1 : 0);
}

function encodeWindows(bytes: ByteWriter, windows: readonly number[], sign: number): void {
  const first = windows[0]!;
  bytes.u8(RUN_ITEM).varint(windows.length).varint(first);
  const isDense = windows.every((window, index) => window === first + sign * index);
  bytes.u8(isDense ? 1 : 0);
  if (isDense) return;
  for (let index = 1; index < windows.length; index += 1) bytes.varint(sign * (windows[index]! - windows[index - 1]!));
}

function encodeStates(bytes: ByteWriter, partial: NumberPartial, slots: readonly number[]): void {
  const present = slots.every((slot) => partial.has(slot)) ? slots : slots.filter((slot) => partial.has(slot));
  bytes.u8(present.length === 0 ? 0 : present.length === slots.length ? 1 : 2);
  if (present.length === 0) return;
  if (present.length < slots.length) for (const slot of slots) bytes.u8(partial.has(slot) ? 1 : 0);
  for (const numbers of partial.numbers) encodeNumbers(bytes, numbers, present);
  if (partial.offsetsNs.length > 0) bytes.f64s(partial.offsetsNs, present);
}

/** How the numbers of states are written. */
const [FLOATS, CELLS] = [0, 1];
/** By what a number takes. */
const WHOLE_KINDS = { 1: 2, 2: 3, 4: 4 } as const;

function encodeNumbers(bytes: ByteWriter, numbers: StateNumbers, present: readonly number[]): void {
  if (!present.every((slot) => typeof numbers[slot] === 'number')) {
    bytes.u8(CELLS);
    for (const slot of present) encodeCell(bytes, numbers[slot]!);
    return;
  }
  const sizeBytes = wholeSizeOf(numbers as number[], present);
  if (sizeBytes === undefined) bytes.u8(FLOATS).f64s(numbers as number[], present);
  else bytes.u8(WHOLE_KINDS[sizeBytes]).wholes(sizeBytes, numbers as number[], present);
}

/** Undefined: one of them is not whole, is too large, or is −0. */
function wholeSizeOf(numbers: readonly number[], present: readonly number[]): WholeSizeBytes | undefined {
  let [least, most] = [0, 0];
  for (let index = 0; index < present.length; index += 1) {
    const value = numbers[present[index]!]!;
    if (!isShortWhole(value)) return undefined;
    if (value < least) least = value;
    else if (value > most) most = value;
  }
  return wholeSize(least, most);
}

/** Both sides know these from the plan. */
export interface ColumnShape {
  readonly forms: readonly ColumnForm[];
  readonly isDescending: boolean;
  decodeGroup(reader: ByteReader): GroupKey;
}

/** The next run of a frame, behind another one of it or at its start. @throws DbError MESSAGE_INVALID */
export function decodeRun(reader: ByteReader, shape: ColumnShape, start: SplitTime, before: StateRun | undefined): StateRun {
  let item = reader.u8();
  let header: Pick<StateRun, 'group' | 'hasValues'> | undefined = before;
  if (item === GROUP_ITEM) {
    header = { group: shape.decodeGroup(reader), hasValues: shape.forms.map(() => reader.u8() === 1) };
    item = reader.u8();
  }
  if (item !== RUN_ITEM || header === undefined) throw new DbError('MESSAGE_INVALID', `unknown item in a partial frame: ${item}`);
  const { group, hasValues } = header;
  const windows = decodeWindows(reader, shape.isDescending ? -1 : 1, before?.windows);
  const all = before?.windows === windows ? before.all : new Uint8Array(windows.length).fill(1);
  return { group, hasValues, windows, all, states: shape.forms.map((form) => decodeStates(reader, form, all, start)) };
}

/** `before` are those of the run before. */
function decodeWindows(reader: ByteReader, sign: number, before: readonly number[] = []): readonly number[] {
  const windowCount = reader.varint();
  if (windowCount < 1 || windowCount > RUN_WINDOW_COUNT_MAX) throw new DbError('MESSAGE_INVALID', `a run of ${windowCount} windows`);
  const windows = [reader.varint()];
  const isDense = reader.u8() === 1;
  if (isDense && before.length === windowCount && before[0] === windows[0] && before.at(-1) === windows[0]! + sign * (windowCount - 1)) return before;
  for (let index = 1; index < windowCount; index += 1) windows.push(windows[index - 1]! + sign * (isDense ? 1 : reader.varint()));
  return windows;
}

function decodeStates(reader: ByteReader, form: ColumnForm, all: Uint8Array, start: SplitTime): NumberStates {
  const kind = reader.u8();
  if (kind === 0) return noStates(form, all.length);
  const has = kind === 1 ? all : reader.raw(all.length);
  const numbers: StateNumbers[] = [];
  for (let number = 0; number < form.numberCount; number += 1) numbers.push(decodeNumbers(reader, has, all));
  const states: NumberStates = { has, numbers, ms: [], subNs: [] };
  if (form.hasTime) decodeTimes(reader, states, start);
  return states;
}

function decodeNumbers(reader: ByteReader, has: Uint8Array, all: Uint8Array): StateNumbers {
  const kind = reader.u8();
  if (kind === CELLS) return Array.from(has, (each) => (each === 1 ? numberOf(reader) : 0));
  const count = has === all ? has.length : has.reduce((sum, each) => sum + (each === 1 ? 1 : 0), 0);
  const numbers = decodeSome(reader, kind, count);
  if (has === all) return numbers;
  let next = 0;
  return Array.from(has, (each) => (each === 1 ? numbers[next++]! : 0));
}

function decodeSome(reader: ByteReader, kind: number, count: number): number[] {
  switch (kind) {
    case FLOATS:
      return reader.f64s(count);
    case WHOLE_KINDS[1]:
      return reader.wholes(1, count);
    case WHOLE_KINDS[2]:
      return reader.wholes(2, count);
    case WHOLE_KINDS[4]:
      return reader.wholes(4, count);
    default:
      throw new DbError('MESSAGE_INVALID', `unknown kind of numbers: ${kind}`);
  }
}

function numberOf(reader: ByteReader): number | bigint {
  const cell = decodeCell(reader);
  if (typeof cell === 'number' || typeof cell === 'bigint') return cell;
  throw new DbError('MESSAGE_INVALID', `a state of ${typeof cell} where a number was asked for`);
}

function decodeTimes(reader: ByteReader, states: NumberStates, start: SplitTime): void {
  for (let window = 0; window < states.has.length; window += 1) putTimeAfter(start, states.has[window] === 1 ? reader.wholeF64() : 0, states, window);
}
