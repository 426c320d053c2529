import { packedSizeBytes } from './bit-packing.ts';
import type { Order } from './differences.ts';

/** Values per block. */
export const BLOCK_SIZE = 128;
/** Steps looked at before all of them are. */
const BEND_SAMPLE_COUNT = 32;
const TWO_32 = 2 ** 32;

/** What the values look like. */
export interface Shape {
  /** Neighbours that are equal are one run. */
  readonly runCount: number;
  /** The order with the smallest blocks; undefined where none is exact. */
  readonly order: Order | undefined;
  /** About what blocks take, by order: infinite where differences are not exact, or not worth a look. */
  readonly sizesBytes: readonly number[];
}

/** Looks at at least one value: integers within ±(2^53 − 1). */
export function shapeOf(values: Float64Array): Shape {
  const sizesBytes = [0, 0, Infinity];
  let previous = values[0]!;
  // The first value has no step of its own: it is given the next one's, which must not count as the end of a run.
  const firstStep = values.length > 1 ? values[1]! - previous : 0;
  let runCount = 1 - Number(firstStep !== 0);
  for (let start = 0; start < values.length; start += BLOCK_SIZE) {
    const end = Math.min(start + BLOCK_SIZE, values.length);
    let [min, max] = [values[start]!, values[start]!];
    let minStep = start === 0 ? firstStep : min - previous;
    let maxStep = minStep;
    if (start === 0) previous -= firstStep;
    for (let index = start; index < end; index += 1) {
      const value = values[index]!;
      const step = value - previous;
      if (value < min) min = value;
      else if (value > max) max = value;
      if (step < minStep) minStep = step;
      else if (step > maxStep) maxStep = step;
      runCount += Number(step !== 0); // Without a branch: on noise it would be mispredicted every other time.
      previous = value;
    }
    sizesBytes[0]! += blockSizeBytes(min, max, end - start);
    sizesBytes[1]! += blockSizeBytes(minStep, maxStep, end - start);
  }
  if (sizesBytes[1] !== Infinity && mayBend(values)) sizesBytes[2] = sizeOfBends(values);
  const sizeBytes = Math.min(...sizesBytes);
  const order = sizeBytes === Infinity ? undefined : (sizesBytes.indexOf(sizeBytes) as Order);
  return { runCount, order, sizesBytes };
}

/** Whether differences of differences lie closer together than differences, as far as a few show. */
function mayBend(values: Float64Array): boolean {
  let [minStep, maxStep, minBend, maxBend] = [Infinity, -Infinity, Infinity, -Infinity];
  const stride = Math.max(1, Math.floor(values.length / BEND_SAMPLE_COUNT));
  for (let index = 2; index < values.length; index += stride) {
    const step = values[index]! - values[index - 1]!;
    const bend = step - (values[index - 1]! - values[index - 2]!);
    minStep = Math.min(minStep, step);
    maxStep = Math.max(maxStep, step);
    minBend = Math.min(minBend, bend);
    maxBend = Math.max(maxBend, bend);
  }
  return maxBend - minBend <= maxStep - minStep;
}

function sizeOfBends(values: Float64Array): number {
  let sizeBytes = 0;
  for (let start = 0; start < values.length; start += BLOCK_SIZE) {
    const end = Math.min(start + BLOCK_SIZE, values.length);
    // The first two have no bend, and count as none.
    let [min, max] = start === 0 ? [0, 0] : [Infinity, -Infinity];
    for (let index = Math.max(start, 2); index < end; index += 1) {
      const before = values[index - 1]!;
      const bend = values[index]! - before - (before - values[index - 2]!);
      if (bend < min) min = bend;
      if (bend > max) max = bend;
    }
    sizeBytes += blockSizeBytes(min, max, end - start);
  }
  return sizeBytes;
}

/** Bytes of a block with such extremes; infinite where float64 would not be exact. */
function blockSizeBytes(min: number, max: number, count: number): number {
  const isExact = Number.isSafeInteger(min) && Number.isSafeInteger(max) && Number.isSafeInteger(max - min);
  return isExact ? 2 + packedSizeBytes(count, bitWidth(max - min)) : Infinity;
}

/** Bits of a whole number from 0 to 2^53 − 1. */
export function bitWidth(value: number): number {
  return value < TWO_32 ? 32 - Math.clz32(value) : 64 - Math.clz32(Math.floor(value / TWO_32));
}
