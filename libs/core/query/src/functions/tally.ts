import { DbError, type ByteReader } from '@varve/base';
import { putTimeAfter, splitNs, type FieldValue } from '@varve/model';
import { decodeValue, encodeCell } from '../partial/cell-bytes.ts';
import type { FunctionOptions, FunctionResult, Merger, PartialState } from './function-definition.ts';
import { NumberedValues } from './numbered-values.ts';
import { finished, type Steps } from './steps.ts';
import { TallyTable } from './tally-table.ts';
import { valueIn } from './vector.ts';

/** Distinct values of one window that are held at most, on a data node and when merging. Beyond it the query is refused. */
const DISTINCT_VALUE_COUNT_MAX = 1_000_000;

/** The same over all windows of a group on a data node. */
const HELD_VALUE_COUNT_MAX = 4_000_000;

/** Rough size of an encoded part: a few of them fit into a frame. */
const PART_SIZE_BYTES = 64 * 1024;

/** The distinct values of a window, numbered as they came: how often each stands there and when first, or last. */
export interface Tallies {
  readonly length: number;
  valueOf(index: number): FieldValue;
  countOf(index: number): number;
  /** As for `Array.sort`: which of two was there first. */
  compareTimes(left: number, right: number): number;
}

/** The state of functions over distinct values: value → count and first time, or last. */
export function tallyingPartial({ type, takesLastTime }: Pick<FunctionOptions, 'type' | 'takesLastTime'>): PartialState {
  const table = new TallyTable(takesLastTime);
  const values = new NumberedValues(type);
  // Encoding asks for the parts of one slot after the other, when nothing is added any more.
  let cutSlot: { readonly slot: number; readonly parts: readonly Int32Array[] } | undefined;
  const partsOf = (slot: number): readonly Int32Array[] => {
    if (cutSlot?.slot !== slot) cutSlot = { slot, parts: cut(table.entriesOf(slot), (entry) => values.valueOf(table.numberOf(entry))) };
    return cutSlot.parts;
  };
  return {
    add: (slot, { vector, start, end }) => {
      for (let index = start; index < end; index += 1) table.add(slot, values.numberOf(valueIn(vector, index)), 1, vector.offsetsNs[index]!, 0);
      assertFew(table, slot);
    },
    heldCount: () => table.count,
    partCount: (slot) => partsOf(slot).length,
    encode: (slot, part, writer) => {
      const entries = partsOf(slot)[part]!;
      writer.varint(entries.length);
      for (const entry of entries) {
        encodeCell(writer, values.valueOf(table.numberOf(entry)));
        writer.varint(table.countOf(entry)).f64(table.timeOf(entry).major);
      }
    },
  };
}

/** Joins the tallies of a window and lets `answer` look at them. */
export function tallyingMerger({ type, takesLastTime }: Pick<FunctionOptions, 'type' | 'takesLastTime'>, answer: Answer): Merger {
  const table = new TallyTable(takesLastTime);
  const values = new NumberedValues(type);
  const time = { ms: [0], subNs: [0] };
  const tallies: Tallies = {
    get length() {
      return table.count;
    },
    valueOf: (index) => values.valueOf(table.numberOf(index)),
    countOf: (index) => table.countOf(index),
    compareTimes: (left, right) => table.compareTimes(left, right),
  };
  const resultsInSteps = (): Steps<readonly FunctionResult[]> => answered(tallies, answer);
  return {
    reset: () => {
      table.clear();
      values.clear();
    },
    merge: (reader: ByteReader, shardStartNs) => {
      const start = splitNs(shardStartNs);
      const valueCount = reader.varint();
      for (let index = 0; index < valueCount; index += 1) {
        const number = values.numberOf(decodeValue(reader));
        const count = reader.varint();
        putTimeAfter(start, reader.wholeF64(), time, 0);
        table.add(0, number, count, time.ms[0]!, time.subNs[0]!);
      }
      assertFew(table, 0);
    },
    results: () => finished(resultsInSteps()),
    resultsInSteps,
  };
}

type Answer = (tallies: Tallies) => Steps<readonly FunctionResult[]>;

function* answered(tallies: Tallies, answer: Answer): Steps<readonly FunctionResult[]> {
  return tallies.length === 0 ? [] : yield* answer(tallies);
}

/** @throws DbError QUERY_LIMIT */
function assertFew(table: TallyTable, slot: number): void {
  if (table.countIn(slot) > DISTINCT_VALUE_COUNT_MAX) throw new DbError('QUERY_LIMIT', `more than ${DISTINCT_VALUE_COUNT_MAX} distinct values in one window`);
  if (table.count <= HELD_VALUE_COUNT_MAX) return;
  throw new DbError('QUERY_LIMIT', `more than ${HELD_VALUE_COUNT_MAX} distinct values, each counted per window: narrow the time range or group by a tag`);
}

function cut(entries: Int32Array, valueOf: (entry: number) => FieldValue): Int32Array[] {
  const parts: Int32Array[] = [];
  let [start, sizeBytes] = [0, 0];
  for (let index = 0; index < entries.length; index += 1) {
    if (sizeBytes >= PART_SIZE_BYTES) {
      parts.push(entries.subarray(start, index));
      [start, sizeBytes] = [index, 0];
    }
    const value = valueOf(entries[index]!);
    sizeBytes += 20 + (typeof value === 'string' ? value.length : 0);
  }
  if (start < entries.length) parts.push(entries.subarray(start));
  return parts;
}
