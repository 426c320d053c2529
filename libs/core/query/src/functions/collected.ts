import { DbError, type ByteReader, type ByteWriter, type TimestampNs } from '@varve/base';
import { decodeValue, encodeCell, skipCell } from '../partial/cell-bytes.ts';
import type { FunctionOptions, FunctionResult, Merger, PartialState } from './function-definition.ts';
import { RankedPoints } from './ranked-points.ts';
import type { Run } from './run.ts';
import { RunStore } from './run-store.ts';
import { valueIn } from './vector.ts';

/** Values that are held at most: on a data node those of one group, when merging those of one window. */
export const COLLECTED_VALUE_COUNT_MAX = 4_000_000;

/** Values per encoded part; few where each carries cells of unknown size. */
const PART_VALUE_COUNT = 2048;
const PART_VALUE_COUNT_WITH_NEIGHBOURS = 32;

/** The state of functions that need every value of a window: the runs as they are, encoded in parts. */
export function collectingPartial({ neighbourCount }: FunctionOptions): PartialState {
  const valueCount = neighbourCount > 0 ? PART_VALUE_COUNT_WITH_NEIGHBOURS : PART_VALUE_COUNT;
  return runsPartial(valueCount, (writer, run) => encodeRun(writer, run, neighbourCount));
}

/** Keeps runs, cut so that no part has more values than this. */
export function runsPartial(partValueCount: number, encode: (writer: ByteWriter, run: Run) => void): PartialState {
  const runs = new RunStore();
  let valueCount = 0;
  // Encoding asks for the parts of one slot after the other, when nothing is added any more.
  let cutSlot: { readonly slot: number; readonly parts: Run[] } | undefined;
  const partsOf = (slot: number): Run[] => {
    if (cutSlot?.slot !== slot) cutSlot = { slot, parts: runs.partsOf(slot, partValueCount) };
    return cutSlot.parts;
  };
  return {
    add: (slot, run) => {
      valueCount += run.end - run.start;
      assertCollectable(valueCount);
      runs.add(slot, run);
    },
    heldCount: () => valueCount,
    partCount: (slot) => partsOf(slot).length,
    encode: (slot, part, writer) => encode(writer, partsOf(slot)[part]!),
  };
}

/** Gathers all values of a window and lets `answer` look at them. There is no object for each, whatever it carries. */
export function collectingMerger({ neighbourCount }: FunctionOptions, answer: (points: RankedPoints) => readonly FunctionResult[]): Merger {
  const points = new RankedPoints(neighbourCount);
  return {
    reset: () => points.clear(),
    merge: (reader, shardStartNs) => decodeRun(reader, { shardStartNs, neighbourCount, points }),
    results: () => (points.count === 0 ? [] : answer(points)),
  };
}

/** @throws DbError QUERY_LIMIT */
export function assertCollectable(valueCount: number): void {
  if (valueCount <= COLLECTED_VALUE_COUNT_MAX) return;
  throw new DbError('QUERY_LIMIT', `more than ${COLLECTED_VALUE_COUNT_MAX} values would have to be sorted: narrow the time range or group by a tag`);
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
  readonly points: RankedPoints;
}

function decodeRun(reader: ByteReader, { shardStartNs, neighbourCount, points }: Target): void {
  const valueCount = reader.varint();
  const { bytes } = reader;
  const keyAt = reader.offset;
  if (neighbourCount > 0) reader.skip(reader.varint());
  assertCollectable(points.count + Math.min(valueCount, reader.remaining));
  for (let index = 0; index < valueCount; index += 1) {
    const value = decodeValue(reader);
    const offsetNs = reader.wholeF64();
    points.add(value, offsetNs, shardStartNs, neighbourCount === 0 ? undefined : { bytes, keyAt, cellsAt: reader.offset });
    for (let cell = 0; cell < neighbourCount; cell += 1) skipCell(reader);
  }
}
