import { assert } from '@varve/base';
import { type CodedForm, maybeWriteCoded, readCoded } from './coded-differences.ts';
import type { Order } from './differences.ts';
import { divideSmall, type Reciprocal } from './decimals.ts';
import { invalid } from './invalid.ts';
import { readPacked, writePacked } from './packed-blocks.ts';
import type { PageReader } from './page-reader.ts';
import type { PageWriter } from './page-writer.ts';
import { readRaw64, writeRaw64 } from './raw64.ts';
import { type Shape, shapeOf } from './shape.ts';

/*
 * A run of whole numbers within ±(2^53 − 1), as small as a few simple ideas make it. Sizes are found in one pass; only the
 * best form is built.
 *
 *   values ── over their common divisor ──▶ order 0: as they are           (noise in a narrow band)
 *                                           order 1: differences           (walks, counters)
 *                                           order 2: differences of these  (clocks)
 *   each packed in blocks of 128: a base and so many bits per number; or in a prefix code, where that is clearly smaller.
 *   Equal steps are the first value and the step; long runs are values and lengths.
 *
 * Used for columns, times, dictionary codes and lengths. The number of values is known from outside.
 */

const EQUAL_STEPS = 0;
const PACKED = 1; // + order 0, 1, 2
const SCALED = 4; // + order 0, 1, 2
const RUNS = 7;
const RAW = 8;
const CODED = 9; // + order 0, 1, 2; center 0 but for order 0
const CODED_CENTERED = 11; // + order 1, 2
const SCALED_CODED = 14;
const CODED_WALK = 128; // + model: order 1, center 0, no outliers

/** Runs must be this long on average before they are tried. */
const RUN_LENGTH_MIN = 4;
/** Orders whose blocks are so much bigger than the best one's are not tried. */
const ORDER_SIZE_RATIO_MAX = 1.5;
/** A prefix code takes longer to write than blocks: it must be that much smaller. */
const CODED_SHARE_MAX = 15 / 16;

/** Encodes whole numbers within ±(2^53 − 1). −0 becomes 0. */
export function writeIntegers(writer: PageWriter, values: Float64Array, mayRun = true): void {
  if (hasEqualSteps(values)) return writeEqualSteps(writer, values);
  const divisor = commonDivisor(values);
  const reduced = divisor > 1 ? reduce(values, divisor) : values;
  const shape = shapeOf(reduced);
  const { order, sizesBytes } = shape;
  if (order === undefined) return writeRaw64(writer.u8(RAW), values);
  const start = writer.at;
  const hasRuns = mayRun && maybeWriteRuns(writer, values, shape);
  const middle = writer.at;
  const writeScale = (kind: number): PageWriter => writer.u8(kind).varint(divisor).signed(values[0]!);
  const blocksSizeBytes = sizesBytes[order]!;
  const isCoded = maybeWriteCoded(writer, reduced, {
    orders: ORDERS.filter((each) => sizesBytes[each]! <= blocksSizeBytes * ORDER_SIZE_RATIO_MAX),
    sizeBytesMax: (hasRuns ? middle - start : blocksSizeBytes) * CODED_SHARE_MAX,
    writeForm: (form) => {
      if (divisor > 1) writeScale(SCALED_CODED);
      writeCodedForm(writer, form);
    },
  });
  if (isCoded && hasRuns) writer.keepSmaller(start, middle);
  if (isCoded || hasRuns) return;
  if (divisor > 1) writeScale(SCALED + order);
  else writer.u8(PACKED + order);
  writePacked(writer, reduced, order);
}

/** The inverse of {@link writeIntegers}, into the first `count` values of `into`. @throws DbError CHUNK_INVALID */
export function readIntegers(reader: PageReader, count: number, into: Float64Array): void {
  const kind = reader.u8();
  if (isCoded(kind)) readCoded(reader, readCodedForm(reader, kind), count, into);
  else readUncoded(reader, kind, count, into);
}

/** As {@link readIntegers} and {@link divideSmall}, in one pass where integers are coded. @throws DbError CHUNK_INVALID */
export function readQuotients(reader: PageReader, count: number, into: Float64Array, by: Reciprocal): void {
  const kind = reader.u8();
  if (isCoded(kind)) return readCoded(reader, readCodedForm(reader, kind), count, into, by);
  readUncoded(reader, kind, count, into);
  divideSmall(into, count, by);
}

function isCoded(kind: number): boolean {
  return kind >= CODED && kind !== SCALED_CODED;
}

function readUncoded(reader: PageReader, kind: number, count: number, into: Float64Array): void {
  switch (kind) {
    case EQUAL_STEPS:
      return readEqualSteps(reader, count, into);
    case PACKED:
    case PACKED + 1:
    case PACKED + 2:
      return readPacked(reader, (kind - PACKED) as Order, count, into);
    case RUNS:
      return readRuns(reader, count, into);
    case RAW:
      return readRaw(reader, count, into);
    default:
      return readScaled(reader, kind, count, into);
  }
}

/** Integers in an array of their own. @throws DbError CHUNK_INVALID */
export function newIntegers(reader: PageReader, count: number): Float64Array {
  const values = new Float64Array(count);
  readIntegers(reader, count, values);
  return values;
}

const ORDERS: readonly Order[] = [0, 1, 2];

function writeCodedForm(writer: PageWriter, { order, hasCenter, model }: CodedForm): void {
  if (order === 1 && !hasCenter && model < CODED_WALK) writer.u8(CODED_WALK + model);
  else writer.u8((order > 0 && hasCenter ? CODED_CENTERED : CODED) + order).u8(model);
}

function readCodedForm(reader: PageReader, kind: number): CodedForm {
  if (kind >= CODED_WALK) return { order: 1, hasCenter: false, model: kind - CODED_WALK };
  if (kind < CODED || kind > CODED_CENTERED + 2) throw invalid(`unknown kind of integers ${kind}`);
  const hasCenter = kind === CODED || kind > CODED_CENTERED;
  return { order: (kind - (kind > CODED_CENTERED ? CODED_CENTERED : CODED)) as Order, hasCenter, model: reader.u8() };
}

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

function readScaled(reader: PageReader, kind: number, count: number, into: Float64Array): void {
  const divisor = reader.varint();
  const first = reader.signed();
  if (kind === SCALED_CODED) readCoded(reader, readCodedForm(reader, reader.u8()), count, into);
  else readPacked(reader, (kind - SCALED) as Order, count, into);
  for (let index = 0; index < count; index += 1) into[index] = into[index]! * divisor + first;
}

/** Asked first: most times are so, and others show it at once that they are not. */
function hasEqualSteps(values: Float64Array): boolean {
  if (values.length < 2) return true;
  const step = values[1]! - values[0]!;
  if (!Number.isSafeInteger(step)) return false;
  for (let index = 2; index < values.length; index += 1) if (values[index]! - values[index - 1]! !== step) return false;
  return true;
}

function writeEqualSteps(writer: PageWriter, values: Float64Array): void {
  writer.u8(EQUAL_STEPS).signed(values[0] ?? 0);
  writer.signed(values.length > 1 ? values[1]! - values[0]! : 0);
}

function readEqualSteps(reader: PageReader, count: number, into: Float64Array): void {
  let value = reader.signed();
  const step = reader.signed();
  for (let index = 0; index < count; index += 1, value += step) into[index] = value;
}

function readRaw(reader: PageReader, count: number, into: Float64Array): void {
  readRaw64(reader, count, into);
  for (let index = 0; index < count; index += 1) {
    if (!Number.isSafeInteger(into[index])) throw invalid('an integer beyond ±(2^53 − 1)');
    into[index]! += 0;
  }
}

/** Writes the values as runs, where these are long and smaller than blocks. @returns whether it did */
function maybeWriteRuns(writer: PageWriter, values: Float64Array, { runCount, sizesBytes }: Shape): boolean {
  if (runCount * RUN_LENGTH_MIN > values.length) return false;
  const runValues = new Float64Array(runCount);
  const runLengths = new Float64Array(runCount);
  let run = 0;
  runValues[0] = values[0]!;
  for (let index = 0; index < values.length; index += 1) {
    if (values[index] !== runValues[run]) runValues[++run] = values[index]!;
    runLengths[run]! += 1;
  }
  const start = writer.at;
  writer.u8(RUNS).varint(runCount);
  writeIntegers(writer, runValues, false);
  writeIntegers(writer, runLengths, false);
  if (writer.at - start < Math.min(...sizesBytes)) return true;
  writer.at = start;
  return false;
}

function readRuns(reader: PageReader, count: number, into: Float64Array): void {
  const runCount = reader.varint();
  if (runCount > count) throw invalid(`${runCount} runs of ${count} values`);
  const [runValues, runLengths] = [unnestedIntegers(reader, runCount), unnestedIntegers(reader, runCount)];
  let filled = 0;
  for (let run = 0; run < runCount; run += 1) {
    const end = filled + runLengths[run]!;
    if (!(end > filled && end <= count)) throw invalid(`run ${run} ends at ${end} of ${count} values`);
    const value = runValues[run]!;
    for (; filled < end; filled += 1) into[filled] = value; // Most runs are too short for what a call of fill() costs.
  }
  if (filled !== count) throw invalid(`runs of ${filled} values where ${count} were expected`);
}

/** Runs inside of runs would let few bytes ask for much work. */
function unnestedIntegers(reader: PageReader, count: number): Float64Array {
  if (reader.peek() === RUNS) throw invalid('runs inside of runs');
  return newIntegers(reader, count);
}
