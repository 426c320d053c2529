import type { ByteReader, ByteWriter, TimestampNs } from '@varve/base';
import type { SeriesKey } from '@varve/model';
import { MergeHeap } from '../partial/merge-heap.ts';
import { assertCollectable, runsPartial } from './collected.ts';
import type { Merger, PartialState } from './function-definition.ts';
import type { Run } from './run.ts';
import { finished, STEP_VALUE_COUNT, type Steps } from './steps.ts';

/** Values per encoded part. */
const PART_VALUE_COUNT = 2048;

/** Points in order of time; equal times by series key. Arrays run alike. */
export interface TimedRun {
  /** Offsets count from it: exact, as they are below 2^53. */
  readonly startNs: TimestampNs;
  readonly offsetsNs: Float64Array;
  readonly values: Float64Array;
}

interface SeriesRun extends TimedRun {
  readonly seriesKey: SeriesKey;
}

/**
 * The state of functions that need every number of a window in order of time: the runs as they are. A slot is cut into
 * parts: series key · varint count · offsets (f64 each) · values (f64 each).
 */
export function timedRunsPartial(): PartialState {
  return runsPartial(PART_VALUE_COUNT, encodeRun);
}

/** Gathers the runs of a window and hands them over in order: none begins before the one before it ends. */
export function timedRunsMerger(answer: Answer): Merger {
  let runs: SeriesRun[] = [];
  let valueCount = 0;
  const resultsInSteps = (): ReturnType<NonNullable<Merger['resultsInSteps']>> => answered(runs, answer);
  return {
    reset: () => {
      runs = [];
      valueCount = 0;
    },
    merge: (reader, shardStartNs) => {
      const run = decodeRun(reader, shardStartNs);
      valueCount += run.values.length;
      assertCollectable(valueCount);
      runs.push(run);
    },
    results: () => finished(resultsInSteps()),
    resultsInSteps,
  };
}

type Answer = (runs: readonly TimedRun[]) => ReturnType<Merger['results']>;

function* answered(runs: SeriesRun[], answer: Answer): Steps<ReturnType<Merger['results']>> {
  return runs.length === 0 ? [] : answer(yield* inOrder(runs));
}

/** When the point at an index is; the last one for -1. */
export function timeAt({ startNs, offsetsNs }: TimedRun, index: number): TimestampNs {
  return startNs + BigInt(offsetsNs.at(index)!);
}

function encodeRun(writer: ByteWriter, { vector, start, end, seriesKey }: Run): void {
  writer.text(seriesKey).varint(end - start);
  for (let index = start; index < end; index += 1) writer.f64(vector.offsetsNs[index]!);
  for (let index = start; index < end; index += 1) writer.f64(Number(vector.values[index]));
}

function decodeRun(reader: ByteReader, startNs: TimestampNs): SeriesRun {
  const seriesKey = reader.text();
  const count = reader.varint();
  const offsetsNs = Float64Array.from(reader.wholeF64s(count));
  return { startNs, seriesKey, offsetsNs, values: Float64Array.from(reader.f64s(count)) };
}

/** Runs that overlap become one. */
function* inOrder(runs: SeriesRun[]): Steps<TimedRun[]> {
  const first = (run: SeriesRun): TimestampNs => timeAt(run, 0);
  runs.sort((left, right) => (first(left) < first(right) ? -1 : first(left) > first(right) ? 1 : 0));
  const ordered: TimedRun[] = [];
  let wovenCount = 0;
  for (let index = 0; index < runs.length; ) {
    const overlapping = [runs[index]!];
    let endNs = timeAt(runs[index]!, -1);
    for (index += 1; index < runs.length && first(runs[index]!) <= endNs; index += 1) {
      overlapping.push(runs[index]!);
      const lastNs = timeAt(runs[index]!, -1);
      if (lastNs > endNs) endNs = lastNs;
    }
    ordered.push(overlapping.length === 1 ? overlapping[0]! : yield* woven(overlapping));
    // Each may be short, and they may be many.
    wovenCount += overlapping.length === 1 ? 0 : ordered.at(-1)!.values.length;
    if (wovenCount < STEP_VALUE_COUNT) continue;
    wovenCount = 0;
    yield;
  }
  return ordered;
}

interface Cursor {
  readonly run: SeriesRun;
  /** From the start of the first run to that of this one. */
  readonly shiftNs: number;
  index: number;
}

function* woven(runs: readonly SeriesRun[]): Steps<TimedRun> {
  const { startNs } = runs[0]!;
  const count = runs.reduce((sum, { values }) => sum + values.length, 0);
  const [offsetsNs, values] = [new Float64Array(count), new Float64Array(count)];
  const heap = new MergeHeap<Cursor>(
    (left, right) => offsetOf(left) - offsetOf(right) || (left.run.seriesKey < right.run.seriesKey ? -1 : 1),
    runs.map((run) => ({ run, shiftNs: Number(run.startNs - startNs), index: 0 })),
  );
  for (let index = 0; index < count; index += 1) {
    const cursor = heap.least!;
    offsetsNs[index] = offsetOf(cursor);
    values[index] = cursor.run.values[cursor.index]!;
    cursor.index += 1;
    if (cursor.index < cursor.run.values.length) heap.sink();
    else heap.pop();
    if (index % STEP_VALUE_COUNT === STEP_VALUE_COUNT - 1) yield;
  }
  return { startNs, offsetsNs, values };
}

function offsetOf({ run, shiftNs, index }: Cursor): number {
  return shiftNs + run.offsetsNs[index]!;
}
