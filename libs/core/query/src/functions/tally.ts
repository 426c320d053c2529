import { DbError, type ByteReader, type TimestampNs } from '@varve/base';
import type { FieldValue } from '@varve/model';
import { decodeValue, encodeCell } from '../partial/cell-bytes.ts';
import type { FunctionResult, Merger, PartialState } from './function-definition.ts';
import { valueIn } from './vector.ts';

/** Distinct values of one window that are held at most, on a data node and when merging. Beyond it the query is refused. */
const DISTINCT_VALUE_COUNT_MAX = 1_000_000;

/** Rough size of an encoded part: a few of them fit into a frame. */
const PART_SIZE_BYTES = 64 * 1024;

/** One distinct value: how often it stands there and when first. */
export interface Tally<Time> {
  readonly value: FieldValue;
  readonly count: number;
  readonly firstTime: Time;
}

/** The state of functions over distinct values: value → count and first time. */
export function tallyingPartial(): PartialState {
  const slots: Map<FieldValue, Tally<number>>[] = [];
  let heldCount = 0;
  // Encoding asks for the parts of one slot after the other, when nothing is added any more.
  let cutSlot: { readonly slot: number; readonly parts: Tally<number>[][] } | undefined;
  const partsOf = (slot: number): Tally<number>[][] => {
    if (cutSlot?.slot !== slot) cutSlot = { slot, parts: cut(slots[slot]?.values() ?? []) };
    return cutSlot.parts;
  };
  return {
    add: (slot, { vector, start, end }) => {
      const tallies = (slots[slot] ??= new Map());
      const countBefore = tallies.size;
      for (let index = start; index < end; index += 1) {
        addTally(tallies, { value: valueIn(vector, index), count: 1, firstTime: vector.offsetsNs[index]! });
      }
      heldCount += tallies.size - countBefore;
    },
    heldCount: () => heldCount,
    partCount: (slot) => partsOf(slot).length,
    encode: (slot, part, writer) => {
      const tallies = partsOf(slot)[part]!;
      writer.varint(tallies.length);
      for (const { value, count, firstTime } of tallies) {
        encodeCell(writer, value);
        writer.varint(count).f64(firstTime);
      }
    },
  };
}

/** Joins the tallies of a window and lets `answer` look at them. */
export function tallyingMerger(answer: (tallies: readonly Tally<TimestampNs>[]) => readonly FunctionResult[]): Merger {
  const tallies = new Map<FieldValue, Tally<TimestampNs>>();
  return {
    reset: () => tallies.clear(),
    merge: (reader: ByteReader, shardStartNs) => {
      const valueCount = reader.varint();
      for (let index = 0; index < valueCount; index += 1) {
        const value = decodeValue(reader);
        addTally(tallies, { value, count: reader.varint(), firstTime: shardStartNs + BigInt(reader.wholeF64()) });
      }
    },
    results: () => (tallies.size === 0 ? [] : answer([...tallies.values()])),
  };
}

function cut(tallies: Iterable<Tally<number>>): Tally<number>[][] {
  const parts: Tally<number>[][] = [];
  let sizeBytes = PART_SIZE_BYTES;
  for (const tally of tallies) {
    if (sizeBytes >= PART_SIZE_BYTES) {
      parts.push([]);
      sizeBytes = 0;
    }
    parts.at(-1)!.push(tally);
    sizeBytes += 20 + (typeof tally.value === 'string' ? tally.value.length : 0);
  }
  return parts;
}

function addTally<Time extends number | bigint>(tallies: Map<FieldValue, Tally<Time>>, added: Tally<Time>): void {
  const held = tallies.get(added.value);
  if (held === undefined) {
    if (tallies.size >= DISTINCT_VALUE_COUNT_MAX) {
      throw new DbError('QUERY_LIMIT', `more than ${DISTINCT_VALUE_COUNT_MAX} distinct values in one window`);
    }
    tallies.set(added.value, added);
    return;
  }
  const firstTime = added.firstTime < held.firstTime ? added.firstTime : held.firstTime;
  tallies.set(added.value, { value: held.value, count: held.count + added.count, firstTime });
}
