import { type ByteReader, type ByteWriter } from '@varve/base';
import { packedSizeBytes, packWords, unpackWords } from './bit-packing.ts';
import { invalid } from './invalid.ts';
import { readSigned, writeSigned } from './signed.ts';

/*
 * Whole numbers as differences of some order, in blocks: one block for the values 0–127, one for 128–255 … A block is
 *
 *   width u8 · base signed · count × width bits           difference = base + packed
 *
 * A width over 32 is two runs of bits: the low 32 of each number, then the rest. A value far off its neighbours widens one
 * block only. Works in float64: an order whose differences leave ±(2^53 − 1) is not used.
 */

/** How often differences were taken. The first `order` values stand in front of the blocks. */
export type Order = 0 | 1 | 2;

const BLOCK_SIZE = 128;
const WIDTH_MAX = 53;
const TWO_32 = 2 ** 32;

// Of one block each. Nothing here survives a call.
const differences = new Float64Array(BLOCK_SIZE);
const lowNumbers = new Uint32Array(BLOCK_SIZE);
const highNumbers = new Uint32Array(BLOCK_SIZE);
const words = new Uint32Array(BLOCK_SIZE + 1);
const wordBytes = new Uint8Array(words.buffer);

/** What the values look like, found in one pass. */
export interface Shape {
  /** Neighbours that are equal are one run. */
  readonly runCount: number;
  readonly hasEqualSteps: boolean;
  /** The order with the smallest blocks, and about what they take; undefined where none is exact. */
  readonly best: { readonly order: Order; readonly sizeBytes: number } | undefined;
}

/** Looks at at least one value: integers within ±(2^53 − 1). */
export function shapeOf(values: Float64Array): Shape {
  const sizes = [0, 0, 0];
  let hasEqualSteps = true;
  let previous = values[0]!;
  let previousStep = values.length > 1 ? values[1]! - previous : 0;
  // The first value has no step of its own: it is given the next one's, which must not count as the end of a run.
  let runCount = 1 - Number(previousStep !== 0);
  for (let start = 0; start < values.length; start += BLOCK_SIZE) {
    const end = Math.min(start + BLOCK_SIZE, values.length);
    let [min, max, minStep, maxStep, minBend, maxBend] = [
      Infinity,
      -Infinity,
      Infinity,
      -Infinity,
      Infinity,
      -Infinity,
    ];
    for (let index = start; index < end; index += 1) {
      const value = values[index]!;
      const step = index === 0 ? previousStep : value - previous;
      const bend = step - previousStep;
      if (value < min) min = value;
      if (value > max) max = value;
      if (step < minStep) minStep = step;
      if (step > maxStep) maxStep = step;
      if (bend < minBend) minBend = bend;
      if (bend > maxBend) maxBend = bend;
      runCount += Number(step !== 0); // Without a branch: on noise it would be mispredicted every other time.
      previous = value;
      previousStep = step;
    }
    hasEqualSteps &&= minBend === 0 && maxBend === 0;
    sizes[0]! += blockSizeBytes(min, max, end - start);
    sizes[1]! += blockSizeBytes(minStep, maxStep, end - start);
    sizes[2]! += sizes[1] === Infinity ? Infinity : blockSizeBytes(minBend, maxBend, end - start);
  }
  const sizeBytes = Math.min(...sizes);
  const best = sizeBytes === Infinity ? undefined : { order: sizes.indexOf(sizeBytes) as Order, sizeBytes };
  return { runCount, hasEqualSteps: hasEqualSteps && sizes[1] !== Infinity, best };
}

/** Writes at least one value by an order that `shapeOf` found to be exact. */
export function writePacked(writer: ByteWriter, values: Float64Array, order: Order): void {
  if (order > 0) writeSigned(writer, values[0]!);
  if (order > 1) writeSigned(writer, values.length > 1 ? values[1]! - values[0]! : 0);
  for (let start = Math.min(order, values.length); start < values.length;) {
    const end = Math.min(blockEnd(start), values.length);
    writeBlock(writer, takeDifferences(values, order, { start, end }));
    start = end;
  }
}

/** The inverse of {@link writePacked}. @throws DbError CHUNK_INVALID, MESSAGE_INVALID */
export function readPacked(reader: ByteReader, order: Order, count: number): Float64Array {
  const values = new Float64Array(count);
  if (order > 0 && count > 0) values[0] = readSigned(reader);
  if (order > 1 && count > 1) values[1] = values[0]! + readSigned(reader);
  for (let start = Math.min(order, count); start < count;) {
    const end = Math.min(blockEnd(start), count);
    readBlock(reader, values, { start, end });
    sumUp(values, order, { start, end });
    start = end;
  }
  return values;
}

/** Half-open range of values. */
interface Block {
  readonly start: number;
  readonly end: number;
}

function blockEnd(start: number): number {
  return start - (start % BLOCK_SIZE) + BLOCK_SIZE;
}

/** Bytes of a block with such extremes; infinite where float64 would not be exact. */
function blockSizeBytes(min: number, max: number, count: number): number {
  const isExact = Number.isSafeInteger(min) && Number.isSafeInteger(max) && Number.isSafeInteger(max - min);
  return isExact ? 2 + packedSizeBytes(count, bitWidth(max - min)) : Infinity;
}

function bitWidth(value: number): number {
  return value < TWO_32 ? 32 - Math.clz32(value) : 64 - Math.clz32(Math.floor(value / TWO_32));
}

/** A view over the scratch array. */
function takeDifferences(values: Float64Array, order: Order, { start, end }: Block): Float64Array {
  const taken = differences.subarray(0, end - start);
  switch (order) {
    case 0:
      for (let index = start; index < end; index += 1) taken[index - start] = values[index]!;
      break;
    case 1:
      for (let index = start; index < end; index += 1) taken[index - start] = values[index]! - values[index - 1]!;
      break;
    case 2:
      for (let index = start; index < end; index += 1) {
        const before = values[index - 1]!;
        taken[index - start] = values[index]! - before - (before - values[index - 2]!);
      }
  }
  return taken;
}

function sumUp(values: Float64Array, order: Order, { start, end }: Block): void {
  if (order === 0) return;
  let sum = values[start - 1]!;
  if (order === 1) {
    for (let index = start; index < end; index += 1) values[index] = sum += values[index]!;
    return;
  }
  let step = sum - values[start - 2]!;
  for (let index = start; index < end; index += 1) values[index] = sum += step += values[index]!;
}

function writeBlock(writer: ByteWriter, numbers: Float64Array): void {
  let min = numbers[0]!;
  let max = min;
  for (let index = 1; index < numbers.length; index += 1) {
    const number = numbers[index]!;
    if (number < min) min = number;
    else if (number > max) max = number;
  }
  const width = bitWidth(max - min);
  writeSigned(writer.u8(width), min);
  if (width <= 32) {
    for (let index = 0; index < numbers.length; index += 1) lowNumbers[index] = numbers[index]! - min;
    writeWords(writer, lowNumbers, { count: numbers.length, width });
    return;
  }
  for (let index = 0; index < numbers.length; index += 1) {
    const packed = numbers[index]! - min;
    lowNumbers[index] = packed % TWO_32;
    highNumbers[index] = packed / TWO_32;
  }
  writeWords(writer, lowNumbers, { count: numbers.length, width: 32 });
  writeWords(writer, highNumbers, { count: numbers.length, width: width - 32 });
}

function readBlock(reader: ByteReader, values: Float64Array, { start, end }: Block): void {
  const count = end - start;
  const width = reader.u8();
  if (width > WIDTH_MAX) throw invalid(`a block of ${width} bits`);
  const base = readSigned(reader);
  readWords(reader, lowNumbers, { count, width: Math.min(width, 32) });
  for (let index = 0; index < count; index += 1) values[start + index] = lowNumbers[index]! + base;
  if (width <= 32) return;
  readWords(reader, highNumbers, { count, width: width - 32 });
  for (let index = 0; index < count; index += 1) values[start + index]! += highNumbers[index]! * TWO_32;
}

interface Words {
  readonly count: number;
  readonly width: number;
}

function writeWords(writer: ByteWriter, numbers: Uint32Array, { count, width }: Words): void {
  packWords(numbers, count, width, words);
  writer.raw(wordBytes.subarray(0, packedSizeBytes(count, width)));
}

/** Words behind the last byte keep what was there: it ends up in numbers that are not read. */
function readWords(reader: ByteReader, numbers: Uint32Array, { count, width }: Words): void {
  wordBytes.set(reader.raw(packedSizeBytes(count, width)));
  unpackWords(words, count, width, numbers);
}
