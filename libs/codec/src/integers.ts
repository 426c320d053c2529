import { assert, type ByteReader, ByteWriter } from '@varve/base';
import { invalid } from './invalid.ts';
import { type Order, readPacked, type Shape, shapeOf, writePacked } from './packed-blocks.ts';
import { readRaw64, writeRaw64 } from './raw64.ts';
import { readSigned, writeSigned } from './signed.ts';

/*
 * A run of whole numbers within ±(2^53 − 1), as small as a few simple ideas make it. Sizes are found in one pass; only the
 * best form is built.
 *
 *   values ── over their common divisor ──▶ order 0: as they are           (noise in a narrow band)
 *                                           order 1: differences           (walks, counters)
 *                                           order 2: differences of these  (clocks)
 *   each packed in blocks of 128: a base and so many bits per number. Equal steps are the first value and the step; long
 *   runs are values and lengths.
 *
 * Used for columns, times, dictionary codes and lengths. The number of values is known from outside.
 */

const EQUAL_STEPS = 0;
const PACKED = 1; // + order 0, 1, 2
const SCALED = 4; // + order 0, 1, 2
const RUNS = 7;
const RAW = 8;

/** Runs must be this long on average before they are tried. */
const RUN_LENGTH_MIN = 4;

/** Encodes whole numbers within ±(2^53 − 1). −0 becomes 0. */
export function writeIntegers(writer: ByteWriter, values: Float64Array, mayRun = true): void {
  const divisor = commonDivisor(values);
  const reduced = divisor > 1 ? reduce(values, divisor) : values;
  const shape = values.length > 0 ? shapeOf(reduced) : NO_VALUES;
  if (shape.hasEqualSteps) writeEqualSteps(writer, values);
  else if (shape.best === undefined) writeRaw64(writer.u8(RAW), values);
  else if (mayRun && maybeWriteRuns(writer, values, shape)) return;
  else {
    const { order } = shape.best;
    if (divisor > 1) writeSigned(writer.u8(SCALED + order).varint(divisor), values[0]!);
    else writer.u8(PACKED + order);
    writePacked(writer, reduced, order);
  }
}

/** The inverse of {@link writeIntegers}. @throws DbError CHUNK_INVALID, MESSAGE_INVALID */
export function readIntegers(reader: ByteReader, count: number): Float64Array {
  const kind = reader.u8();
  switch (kind) {
    case EQUAL_STEPS:
      return readEqualSteps(reader, count);
    case PACKED:
    case PACKED + 1:
    case PACKED + 2:
      return readPacked(reader, (kind - PACKED) as Order, count);
    case SCALED:
    case SCALED + 1:
    case SCALED + 2:
      return readScaled(reader, (kind - SCALED) as Order, count);
    case RUNS:
      return readRuns(reader, count);
    case RAW:
      return readRaw(reader, count);
    default:
      throw invalid(`unknown kind of integers ${kind}`);
  }
}

const NO_VALUES: Shape = { runCount: 0, hasEqualSteps: true, best: undefined };

/**
 * The greatest number that divides all distances from the first value; 1 as soon as there is none, and where a distance is
 * not exact. Also states that the values are what they must be.
 */
function commonDivisor(values: Float64Array): number {
  const first = values[0] ?? 0;
  assert(Number.isSafeInteger(first), `${first} is no integer within ±(2^53 − 1)`);
  let divisor = 0;
  for (let index = 1; index < values.length && divisor !== 1; index += 1) {
    const distance = Math.abs(values[index]! - first);
    if (distance > Number.MAX_SAFE_INTEGER) return 1;
    if (divisor > 0 && Math.floor(distance / divisor) * divisor === distance) continue;
    for (let rest = distance; rest !== 0;) [divisor, rest] = [rest, divisor % rest];
  }
  return divisor;
}

function reduce(values: Float64Array, divisor: number): Float64Array {
  const first = values[0]!;
  const reduced = new Float64Array(values.length);
  for (let index = 0; index < values.length; index += 1) reduced[index] = (values[index]! - first) / divisor;
  return reduced;
}

function readScaled(reader: ByteReader, order: Order, count: number): Float64Array {
  const divisor = reader.varint();
  const first = readSigned(reader);
  const values = readPacked(reader, order, count);
  for (let index = 0; index < count; index += 1) values[index] = values[index]! * divisor + first;
  return values;
}

function writeEqualSteps(writer: ByteWriter, values: Float64Array): void {
  writeSigned(writer.u8(EQUAL_STEPS), values[0] ?? 0);
  writeSigned(writer, values.length > 1 ? values[1]! - values[0]! : 0);
}

function readEqualSteps(reader: ByteReader, count: number): Float64Array {
  let value = readSigned(reader);
  const step = readSigned(reader);
  const values = new Float64Array(count);
  if (step === 0) return values.fill(value);
  for (let index = 0; index < count; index += 1, value += step) values[index] = value;
  return values;
}

function readRaw(reader: ByteReader, count: number): Float64Array {
  const values = readRaw64(reader, count, Float64Array);
  if (!values.every(Number.isSafeInteger)) throw invalid('an integer beyond ±(2^53 − 1)');
  return values.map((value) => value + 0);
}

/** Where runs are long, and smaller than blocks of `shape` would be. */
function maybeWriteRuns(writer: ByteWriter, values: Float64Array, { runCount, best }: Shape): boolean {
  if (runCount * RUN_LENGTH_MIN > values.length) return false;
  const runValues = new Float64Array(runCount);
  const runLengths = new Float64Array(runCount);
  let run = 0;
  runValues[0] = values[0]!;
  for (let index = 0; index < values.length; index += 1) {
    if (values[index] !== runValues[run]) runValues[++run] = values[index]!;
    runLengths[run]! += 1;
  }
  const runs = new ByteWriter().u8(RUNS).varint(runCount);
  writeIntegers(runs, runValues, false);
  writeIntegers(runs, runLengths, false);
  const isSmaller = best === undefined || runs.length < best.sizeBytes;
  if (isSmaller) writer.raw(runs.finish());
  return isSmaller;
}

function readRuns(reader: ByteReader, count: number): Float64Array {
  const runCount = reader.varint();
  if (runCount > count) throw invalid(`${runCount} runs of ${count} values`);
  const [runValues, runLengths] = [readUnnested(reader, runCount), readUnnested(reader, runCount)];
  const values = new Float64Array(count);
  let filled = 0;
  for (let run = 0; run < runCount; run += 1) {
    const end = filled + runLengths[run]!;
    if (!(end > filled && end <= count)) throw invalid(`run ${run} ends at ${end} of ${count} values`);
    values.fill(runValues[run]!, filled, end);
    filled = end;
  }
  if (filled !== count) throw invalid(`runs of ${filled} values where ${count} were expected`);
  return values;
}

/** Runs inside of runs would let few bytes ask for much work. */
function readUnnested(reader: ByteReader, count: number): Float64Array {
  if (reader.bytes[reader.offset] === RUNS) throw invalid('runs inside of runs');
  return readIntegers(reader, count);
}
