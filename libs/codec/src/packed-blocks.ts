import { canSum, packedSizeBytes, packWords, unpack } from './bit-packing.ts';
import { type Order, readFirst, sumUp, writeFirst } from './differences.ts';
import { invalid } from './invalid.ts';
import type { PageReader } from './page-reader.ts';
import type { PageWriter } from './page-writer.ts';
import { BLOCK_SIZE, bitWidth } from './shape.ts';

/*
 * Whole numbers as differences of some order, in blocks: one block for the values 0–127, one for 128–255 … A block is
 *
 *   width u8 · base signed · count × width bits           difference = base + packed
 *
 * A width over 32 is two runs of bits: the low 32 of each number, then the rest. A value far off its neighbours widens one
 * block only. Works in float64: an order whose differences leave ±(2^53 − 1) is not used.
 */

const WIDTH_MAX = 53;
const TWO_32 = 2 ** 32;

// Of one block each. Nothing here survives a call.
const differences = new Float64Array(BLOCK_SIZE);
const lowNumbers = new Uint32Array(BLOCK_SIZE);
const highNumbers = new Uint32Array(BLOCK_SIZE);
const highParts = new Float64Array(BLOCK_SIZE);
const words = new Uint32Array(BLOCK_SIZE + 1);

/** Writes at least one value by an order that `shapeOf` found to be exact. */
export function writePacked(writer: PageWriter, values: Float64Array, order: Order): void {
  writeFirst(writer, order, values);
  for (let start = Math.min(order, values.length); start < values.length;) {
    const end = Math.min(blockEnd(start), values.length);
    writeBlock(writer, takeDifferences(values, order, { start, end }));
    start = end;
  }
}

/** The inverse of {@link writePacked}, into the first `count` values of `into`. @throws DbError CHUNK_INVALID */
export function readPacked(reader: PageReader, order: Order, count: number, into: Float64Array): void {
  readFirst(reader, order, count, into);
  for (let start = Math.min(order, count); start < count;) {
    const end = Math.min(blockEnd(start), count);
    readBlock(reader, order, { start, end, free: count }, into);
    start = end;
  }
}

/** Half-open range of values. */
interface Block {
  readonly start: number;
  readonly end: number;
}

function blockEnd(start: number): number {
  return start - (start % BLOCK_SIZE) + BLOCK_SIZE;
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

function writeBlock(writer: PageWriter, numbers: Float64Array): void {
  let min = numbers[0]!;
  let max = min;
  for (let index = 1; index < numbers.length; index += 1) {
    const number = numbers[index]!;
    if (number < min) min = number;
    else if (number > max) max = number;
  }
  const width = bitWidth(max - min);
  writer.u8(width).signed(min);
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

/** Values behind the block, up to `free`, may be overwritten: they are read later. */
interface Target extends Block {
  readonly free: number;
}

function readBlock(reader: PageReader, order: Order, { start, end, free }: Target, into: Float64Array): void {
  const count = end - start;
  const width = reader.u8();
  if (width > WIDTH_MAX) throw invalid(`a block of ${width} bits`);
  const base = reader.signed();
  const lowWidth = Math.min(width, 32);
  const low = { view: reader.view, at: reader.skip(packedSizeBytes(count, lowWidth)), count, width: lowWidth };
  if (order === 1 && width < 32 && canSum(count, 2 ** width, base)) {
    unpack(low, { base, isSum: true, from: into[start - 1]! }, into, start, free);
    return;
  }
  unpack(low, { base, isSum: false, from: 0 }, into, start, free);
  if (width > 32) {
    const at = reader.skip(packedSizeBytes(count, width - 32));
    const high = { view: reader.view, at, count, width: width - 32 };
    unpack(high, { base: 0, isSum: false, from: 0 }, highParts, 0, BLOCK_SIZE);
    for (let index = 0; index < count; index += 1) into[start + index]! += highParts[index]! * TWO_32;
  }
  sumUp(into, order, start, end);
}

interface Words {
  readonly count: number;
  readonly width: number;
}

function writeWords(writer: PageWriter, numbers: Uint32Array, { count, width }: Words): void {
  packWords(numbers, count, width, words);
  writer.words(words, packedSizeBytes(count, width));
}
