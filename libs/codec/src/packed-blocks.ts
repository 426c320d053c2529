import { assert, type ByteReader, ByteWriter } from '@varve/base';
import { packedSizeBytes, packWords, unpackWords } from './bit-packing.ts';
import { invalid } from './invalid.ts';
import { readSigned, writeSigned } from './signed.ts';

/*
 * Whole numbers as differences of some order in blocks of 128. A block is
 *
 *   width u8 · base signed · count × width bits           value = base + packed
 *
 * A width over 32 is two runs of bits: the low 32 of each number, then the rest. A number far off its neighbours widens
 * one block only. Works in float64: an order whose differences leave ±(2^53 − 1) is not used.
 */

/** How often differences were taken. The first `order` values stand in front of the blocks. */
export type Order = 0 | 1 | 2;

const BLOCK_SIZE = 128;
const WIDTH_MAX = 53;
const TWO_32 = 2 ** 32;

// Of one block each. Nothing here survives a call.
const lowNumbers = new Uint32Array(BLOCK_SIZE);
const highNumbers = new Uint32Array(BLOCK_SIZE);
const words = new Uint32Array(BLOCK_SIZE + 1);
const wordBytes = new Uint8Array(words.buffer);

/** Packs whole numbers in 0..2^53−1 by the order that makes them smallest. */
export function encodePacked(values: Float64Array): { readonly order: Order; readonly bytes: Uint8Array } {
  const first = differences(values);
  const second = differences(first);
  const costs = [costOf(values), costOf(first), costOf(second)];
  const order = costs.indexOf(Math.min(...costs)) as Order;
  assert(Number.isFinite(costs[order]!), 'order 0 always fits');
  const writer = new ByteWriter(16 + costs[order]!);
  if (order > 0) writeSigned(writer, values[0]!);
  if (order > 1) writeSigned(writer, first[0] ?? 0);
  writeBlocks(writer, [values, first, second][order]!);
  return { order, bytes: writer.finish() };
}

/** The inverse of {@link encodePacked}. @throws DbError CHUNK_INVALID, MESSAGE_INVALID */
export function decodePacked(reader: ByteReader, order: Order, count: number): Float64Array {
  const values = new Float64Array(count);
  if (count === 0) return values;
  if (order > 0) values[0] = readSigned(reader);
  const firstStep = order > 1 ? readSigned(reader) : 0;
  if (order > 1 && count > 1) values[1] = values[0]! + firstStep;
  readBlocks(reader, values, Math.min(order, count));
  if (order === 1) sumUp(values);
  else if (order === 2) sumUpTwice(values, firstStep);
  return values;
}

function differences(values: Float64Array): Float64Array {
  const steps = new Float64Array(Math.max(0, values.length - 1));
  let previous = values[0] ?? 0;
  for (let index = 0; index < steps.length; index += 1) {
    const value = values[index + 1]!;
    steps[index] = value - previous;
    previous = value;
  }
  return steps;
}

function sumUp(values: Float64Array): void {
  let sum = values[0]!;
  for (let index = 1; index < values.length; index += 1) values[index] = sum += values[index]!;
}

function sumUpTwice(values: Float64Array, firstStep: number): void {
  let step = firstStep;
  let sum = values[1]!;
  for (let index = 2; index < values.length; index += 1) values[index] = sum += step += values[index]!;
}

/** Bytes that the blocks would take; infinite where a difference is not exact. */
function costOf(values: Float64Array): number {
  let cost = 0;
  for (let start = 0; start < values.length; start += BLOCK_SIZE) {
    const end = Math.min(start + BLOCK_SIZE, values.length);
    let min = values[start]!;
    let max = min;
    for (let index = start + 1; index < end; index += 1) {
      const value = values[index]!;
      if (value < min) min = value;
      else if (value > max) max = value;
    }
    if (!Number.isSafeInteger(min) || !Number.isSafeInteger(max) || !Number.isSafeInteger(max - min)) return Infinity;
    cost += 2 + packedSizeBytes(end - start, bitWidth(max - min));
  }
  return cost;
}

function bitWidth(value: number): number {
  return value < TWO_32 ? 32 - Math.clz32(value) : 64 - Math.clz32(Math.floor(value / TWO_32));
}

function writeBlocks(writer: ByteWriter, values: Float64Array): void {
  for (let start = 0; start < values.length; start += BLOCK_SIZE) {
    writeBlock(writer, values, start, Math.min(start + BLOCK_SIZE, values.length));
  }
}

function writeBlock(writer: ByteWriter, values: Float64Array, start: number, end: number): void {
  let min = values[start]!;
  let max = min;
  for (let index = start + 1; index < end; index += 1) {
    const value = values[index]!;
    if (value < min) min = value;
    else if (value > max) max = value;
  }
  const count = end - start;
  const width = bitWidth(max - min);
  writeSigned(writer.u8(width), min);
  if (width <= 32) {
    for (let index = 0; index < count; index += 1) lowNumbers[index] = values[start + index]! - min;
    writeWords(writer, lowNumbers, count, width);
    return;
  }
  for (let index = 0; index < count; index += 1) {
    const packed = values[start + index]! - min;
    lowNumbers[index] = packed % TWO_32;
    highNumbers[index] = packed / TWO_32;
  }
  writeWords(writer, lowNumbers, count, 32);
  writeWords(writer, highNumbers, count, width - 32);
}

function writeWords(writer: ByteWriter, numbers: Uint32Array, count: number, width: number): void {
  packWords(numbers, count, width, words);
  writer.raw(wordBytes.subarray(0, packedSizeBytes(count, width)));
}

function readBlocks(reader: ByteReader, values: Float64Array, from: number): void {
  for (let start = from; start < values.length; start += BLOCK_SIZE) {
    readBlock(reader, values, start, Math.min(start + BLOCK_SIZE, values.length));
  }
}

function readBlock(reader: ByteReader, values: Float64Array, start: number, end: number): void {
  const count = end - start;
  const width = reader.u8();
  if (width > WIDTH_MAX) throw invalid(`a block of ${width} bits`);
  const base = readSigned(reader);
  readWords(reader, lowNumbers, count, Math.min(width, 32));
  for (let index = 0; index < count; index += 1) values[start + index] = lowNumbers[index]! + base;
  if (width <= 32) return;
  readWords(reader, highNumbers, count, width - 32);
  for (let index = 0; index < count; index += 1) values[start + index]! += highNumbers[index]! * TWO_32;
}

/** Words behind the last byte keep what was there: it ends up in numbers that are not read. */
function readWords(reader: ByteReader, numbers: Uint32Array, count: number, width: number): void {
  wordBytes.set(reader.raw(packedSizeBytes(count, width)));
  unpackWords(words, count, width, numbers);
}
