import { ByteWriter, DbError, type ByteReader } from '@varve/base';
import type { Merger, PartialState } from '../functions/function-definition.ts';
import { FrameWriter } from './frame-writer.ts';
import { decodeGroupKey, encodeGroupKey, type GroupKey } from './group-key.ts';
import type { WindowOrder } from './window-order.ts';

/**
 * Partial aggregates as bytes. A frame is read without any other:
 *
 *     frame    u8 kind = 1, then items to its end
 *     group    u8 1 · group key · one u8 per call: 1 when the group has values for it in this shard
 *     window   u8 2 · varint window number · { varint call number + 1 · state }… · varint 0
 *     goes on  u8 3, at the end of a frame alone: more of its last window is in the next one
 *
 * Groups come in the order of the answer, the windows of a group too. A window whose states do not fit into what a frame takes
 * is in several, one after the other; a group is announced again at the start of each frame.
 */
export const AGGREGATE_FRAME = 1;

export const GROUP_ITEM = 1;
export const WINDOW_ITEM = 2;
export const GOES_ON_ITEM = 3;

/** A group as a data node announces it. */
export interface GroupHeader {
  readonly key: GroupKey;
  /** Per call: whether this shard has values for it in the group. */
  readonly hasValues: readonly boolean[];
}

/** All windows of one group as frames; those that are not full yet stay in the writer. */
export function* encodeGroup(writer: FrameWriter, header: GroupHeader, windows: WindowStates): Generator<Uint8Array> {
  if (writer.isFull) yield writer.take();
  encodeHeader(writer.bytes, header);
  for (const [index, windowIndex] of windows.order.windows.entries()) {
    const slot = windows.order.slots[index]!;
    if (index > 0 && writer.isFull) {
      yield writer.take();
      encodeHeader(writer.bytes, header);
    }
    writer.bytes.u8(WINDOW_ITEM).varint(windowIndex);
    let isLarge = false; // One that is not stays in the frame that it began in.
    for (const [call, state] of windows.states.entries()) {
      const partCount = state.partCount(slot);
      for (let part = 0; part < partCount; part += 1) {
        // A part may be as large as a row: in a frame that is full already its size is looked at first.
        const aside = writer.isFull ? new ByteWriter() : undefined;
        state.encode(slot, part, (aside ?? writer.bytes).varint(call + 1));
        if (aside === undefined) continue;
        const encoded = aside.finish();
        if (isLarge || !writer.hasRoomFor(encoded.length)) {
          isLarge = true;
          writer.bytes.varint(0).u8(GOES_ON_ITEM);
          yield writer.take();
          encodeHeader(writer.bytes, header);
          writer.bytes.u8(WINDOW_ITEM).varint(windowIndex);
        }
        writer.bytes.raw(encoded);
      }
    }
    writer.bytes.varint(0);
  }
}

interface WindowStates {
  readonly order: WindowOrder;
  /** One per call. */
  readonly states: readonly PartialState[];
}

function encodeHeader(bytes: ByteWriter, { key, hasValues }: GroupHeader): void {
  encodeGroupKey(bytes.u8(GROUP_ITEM), key);
  for (const has of hasValues) bytes.u8(has ? 1 : 0);
}

/** Whether the last window of a frame has more in the next one. */
export function goesOn(frame: Uint8Array): boolean {
  return frame[0] === AGGREGATE_FRAME && frame.at(-1) === GOES_ON_ITEM;
}

/** Reads what follows GROUP_ITEM. @throws DbError MESSAGE_INVALID */
export function decodeHeader(reader: ByteReader, dimensionCount: number, callCount: number): GroupHeader {
  const key = decodeGroupKey(reader, dimensionCount);
  return { key, hasValues: Array.from({ length: callCount }, () => reader.u8() === 1) };
}

/** Merges the states that follow a window's number. @throws DbError MESSAGE_INVALID, QUERY_LIMIT */
export function mergeStates(reader: ByteReader, mergers: readonly Merger[], shardStartNs: bigint): void {
  for (let call = reader.varint(); call !== 0; call = reader.varint()) {
    const merger = mergers[call - 1];
    if (merger === undefined) throw new DbError('MESSAGE_INVALID', `call ${call} of ${mergers.length} in a partial frame`);
    merger.merge(reader, shardStartNs);
  }
}
