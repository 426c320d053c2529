import { assert, type ByteReader, ByteWriter } from '@varve/base';
import { invalid } from './invalid.ts';
import { decodePacked, encodePacked, type Order } from './packed-blocks.ts';
import { readSigned, writeSigned } from './signed.ts';
import { readRaw64, writeRaw64 } from './raw64.ts';

/*
 * A run of whole numbers within ±(2^53 − 1), as small as a few simple ideas make it. All candidates are measured, none is
 * built but the best.
 *
 *   values ── minus minimum, over common divisor ──▶ order 0: as they are        (noise in a narrow band)
 *                                                    order 1: differences        (walks, counters)
 *                                                    order 2: differences of these (clocks)
 *   each packed in blocks of 128: a base and so many bits per number. Long runs become (value, length) pairs.
 *
 * Equal steps are the first value and the step. Used for columns, times, dictionary codes and lengths. The number of values is known from outside.
 */

const EQUAL_STEPS = 0;
const PACKED = 1; // + order 0, 1, 2
const RUNS = 4;
const RAW = 5;

/** Runs must be this long on average before they are tried. */
const RUN_LENGTH_MIN = 4;

/** Encodes whole numbers within ±(2^53 − 1). −0 becomes 0. */
export function encodeIntegers(values: Float64Array): Uint8Array {
  const writer = new ByteWriter(32 + values.length);
  writeIntegers(writer, values, true);
  return writer.finish();
}

/** As {@link encodeIntegers}, behind what was written already. */
export function writeIntegers(writer: ByteWriter, values: Float64Array, mayRun = false): void {
  const shape = shapeOf(values);
  if (shape.step !== undefined) {
    writeSigned(writer.u8(EQUAL_STEPS), values[0] ?? 0);
    writeSigned(writer, shape.step);
    return;
  }
  const runs =
    mayRun && shape.runCount * RUN_LENGTH_MIN <= values.length ? encodeRuns(values, shape.runCount) : undefined;
  const plain = encodePlain(values, shape);
  writer.raw(runs !== undefined && runs.length < plain.length ? runs : plain);
}

/** The inverse of {@link encodeIntegers}. @throws DbError CHUNK_INVALID, MESSAGE_INVALID */
export function decodeIntegers(reader: ByteReader, count: number): Float64Array {
  const kind = reader.u8();
  switch (kind) {
    case EQUAL_STEPS:
      return decodeEqualSteps(reader, count);
    case PACKED:
    case PACKED + 1:
    case PACKED + 2:
      return decodePlain(reader, (kind - PACKED) as Order, count);
    case RUNS:
      return decodeRuns(reader, count);
    case RAW:
      return decodeRaw(reader, count);
    default:
      throw invalid(`unknown kind of integers ${kind}`);
  }
}

interface Shape {
  readonly min: number;
  readonly max: number;
  /** Neighbours that are equal are one run. */
  readonly runCount: number;
  /** The same from each value to the next, 0 when there is one value at most; undefined when they differ. */
  readonly step: number | undefined;
}

function shapeOf(values: Float64Array): Shape {
  let min = values[0] ?? 0;
  let max = min;
  let previous = min;
  let runCount = values.length === 0 ? 0 : 1;
  const step = values.length < 2 ? 0 : values[1]! - min;
  let hasEqualSteps = Number.isSafeInteger(step);
  for (let index = 1; index < values.length; index += 1) {
    const value = values[index]!;
    if (value < min) min = value;
    else if (value > max) max = value;
    if (value !== previous) runCount += 1;
    if (value - previous !== step) hasEqualSteps = false;
    previous = value;
  }
  assert(Number.isSafeInteger(min) && Number.isSafeInteger(max), `integers ${min}..${max} beyond ±(2^53 − 1)`);
  return { min, max, runCount, step: hasEqualSteps ? step : undefined };
}

function decodeEqualSteps(reader: ByteReader, count: number): Float64Array {
  let value = readSigned(reader);
  const step = readSigned(reader);
  const values = new Float64Array(count);
  for (let index = 0; index < count; index += 1, value += step) values[index] = value;
  return values;
}

function encodePlain(values: Float64Array, { min, max }: Shape): Uint8Array {
  const writer = new ByteWriter(32 + values.length);
  if (!Number.isSafeInteger(max - min)) {
    writeRaw64(writer.u8(RAW), values);
    return writer.finish();
  }
  const divisor = commonDivisor(values, min);
  const reduced = new Float64Array(values.length);
  if (divisor === 1) for (let index = 0; index < values.length; index += 1) reduced[index] = values[index]! - min;
  else for (let index = 0; index < values.length; index += 1) reduced[index] = (values[index]! - min) / divisor;
  const { order, bytes } = encodePacked(reduced);
  writeSigned(writer.u8(PACKED + order).varint(divisor), min);
  return writer.raw(bytes).finish();
}

function decodePlain(reader: ByteReader, order: Order, count: number): Float64Array {
  const divisor = reader.varint();
  const min = readSigned(reader);
  const values = decodePacked(reader, order, count);
  if (divisor === 1) for (let index = 0; index < count; index += 1) values[index] = values[index]! + min;
  else for (let index = 0; index < count; index += 1) values[index] = values[index]! * divisor + min;
  return values;
}

/** The greatest number that divides all distances from the minimum. Gives up as soon as it is 1. */
function commonDivisor(values: Float64Array, min: number): number {
  let divisor = 0;
  for (let index = 0; index < values.length && divisor !== 1; index += 1) {
    let rest = values[index]! - min;
    while (rest !== 0) [divisor, rest] = [rest, divisor % rest];
  }
  return divisor;
}

function decodeRaw(reader: ByteReader, count: number): Float64Array {
  const values = readRaw64(reader, count, Float64Array);
  if (!values.every(Number.isSafeInteger)) throw invalid('an integer beyond ±(2^53 − 1)');
  return values.map((value) => value + 0);
}

function encodeRuns(values: Float64Array, runCount: number): Uint8Array {
  const runValues = new Float64Array(runCount);
  const runLengths = new Float64Array(runCount);
  let run = -1;
  for (let index = 0; index < values.length; index += 1) {
    if (run < 0 || values[index] !== runValues[run]) runValues[++run] = values[index]!;
    runLengths[run]! += 1;
  }
  const writer = new ByteWriter().u8(RUNS).varint(runCount);
  writeIntegers(writer, runValues);
  writeIntegers(writer, runLengths);
  return writer.finish();
}

function decodeRuns(reader: ByteReader, count: number): Float64Array {
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
  return decodeIntegers(reader, count);
}
