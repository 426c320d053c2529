import { DbError, type ByteReader, type ByteWriter, type TimestampNs } from '@varve/base';
import type { Cell, FieldValue, SeriesKey } from '@varve/model';
import { decodeCell, decodeValue, encodeCell } from '../partial/cell-bytes.ts';
import type { FunctionOptions, FunctionResult, Merger, PartialState } from './function-definition.ts';
import type { Run } from './run.ts';
import { NumberRanks } from './number-ranks.ts';
import { compareValues } from './selector.ts';
import { valueIn } from './vector.ts';

/** Values that are held at most: on a data node those of one group, when merging those of one window. */
export const COLLECTED_VALUE_COUNT_MAX = 4_000_000;

/** Values per encoded part; few where each carries cells of unknown size. */
const PART_VALUE_COUNT = 2048;
const PART_VALUE_COUNT_WITH_NEIGHBOURS = 32;

/** One value with what a selector needs beside it. */
interface Collected {
  readonly value: FieldValue;
  readonly timeNs: TimestampNs;
  readonly seriesKey: SeriesKey;
  readonly neighbours: readonly Cell[];
}

/** The state of functions that need every value of a window: the runs as they are, encoded in parts. */
export function collectingPartial({ neighbourCount }: FunctionOptions): PartialState {
  const valueCount = neighbourCount > 0 ? PART_VALUE_COUNT_WITH_NEIGHBOURS : PART_VALUE_COUNT;
  return runsPartial(valueCount, (writer, run) => encodeRun(writer, run, neighbourCount));
}

/** Keeps runs, cut so that no part has more values than this. */
export function runsPartial(partValueCount: number, encode: (writer: ByteWriter, run: Run) => void): PartialState {
  const slots: Run[][] = [];
  let valueCount = 0;
  return {
    add: (slot, run) => {
      valueCount += run.end - run.start;
      assertCollectable(valueCount);
      (slots[slot] ??= []).push(...cut(run, partValueCount));
    },
    heldCount: () => valueCount,
    partCount: (slot) => slots[slot]?.length ?? 0,
    encode: (slot, part, writer) => encode(writer, slots[slot]![part]!),
  };
}

/** A value, when it is, and the cells beside it. */
export type PickedPoint = Omit<Collected, 'seriesKey'>;

/** All values of a window, least first, equal ones by time, then by series. */
export interface Ranked {
  readonly length: number;
  /** undefined: there is no such rank. */
  at(rank: number): PickedPoint | undefined;
}

/** Gathers all values of a window and lets `answer` look at them. Numbers alone are kept without an object for each. */
export function collectingMerger({ neighbourCount }: FunctionOptions, answer: (ranked: Ranked) => readonly FunctionResult[]): Merger {
  const numbers = new NumberRanks();
  let others: Collected[] = [];
  const ranked = (): Ranked => {
    if (others.length === 0) return numbers.ranked();
    const all = [...Array.from(numbers.points(), (point): Collected => ({ ...point, seriesKey: '' })), ...others].sort(byValueThenTime);
    return { length: all.length, at: (rank) => all[rank] };
  };
  return {
    reset: () => {
      numbers.clear();
      others = [];
    },
    merge: (reader, shardStartNs) => {
      decodeRun(reader, { shardStartNs, neighbourCount, numbers, others });
      assertCollectable(numbers.count + others.length);
    },
    results: () => (numbers.count + others.length === 0 ? [] : answer(ranked())),
  };
}

/** @throws DbError QUERY_LIMIT */
export function assertCollectable(valueCount: number): void {
  if (valueCount <= COLLECTED_VALUE_COUNT_MAX) return;
  throw new DbError('QUERY_LIMIT', `more than ${COLLECTED_VALUE_COUNT_MAX} values would have to be sorted: narrow the time range or group by a tag`);
}

function byValueThenTime(left: Collected, right: Collected): number {
  const order = compareValues(left.value, right.value);
  if (order !== 0) return order;
  if (left.timeNs !== right.timeNs) return left.timeNs < right.timeNs ? -1 : 1;
  return left.seriesKey < right.seriesKey ? -1 : 1;
}

function cut(run: Run, valueCount: number): Run[] {
  const parts: Run[] = [];
  for (let start = run.start; start < run.end; start += valueCount) {
    parts.push({ ...run, start, end: Math.min(start + valueCount, run.end) });
  }
  return parts;
}

function encodeRun(writer: ByteWriter, run: Run, neighbourCount: number): void {
  writer.varint(run.end - run.start);
  if (neighbourCount > 0) writer.text(run.seriesKey);
  for (let index = run.start; index < run.end; index += 1) {
    encodeCell(writer, valueIn(run.vector, index));
    writer.f64(run.vector.offsetsNs[index]!);
    if (neighbourCount > 0) for (const cell of run.neighbours(index)) encodeCell(writer, cell);
  }
}

interface Target {
  readonly shardStartNs: TimestampNs;
  readonly neighbourCount: number;
  /** Values without neighbours that are numbers. */
  readonly numbers: NumberRanks;
  readonly others: Collected[];
}

function decodeRun(reader: ByteReader, { shardStartNs, neighbourCount, numbers, others }: Target): void {
  const valueCount = reader.varint();
  const seriesKey = neighbourCount > 0 ? reader.text() : '';
  for (let index = 0; index < valueCount; index += 1) {
    const value = decodeValue(reader);
    const offsetNs = reader.wholeF64();
    if (neighbourCount === 0 && typeof value === 'number') numbers.add(value, offsetNs, shardStartNs);
    else others.push({ value, timeNs: shardStartNs + BigInt(offsetNs), seriesKey, neighbours: Array.from({ length: neighbourCount }, () => decodeCell(reader)) });
  }
}
