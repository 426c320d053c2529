import { assert } from '@varve/base';
import { copyTail } from './page-reader.ts';

/*
 * Whole numbers of `width` bits, one after the other from the low bit on: 32 of them fill exactly `width` words of 32
 * bits, whatever the width.
 *
 *   width 3:  word 0 = v10·v9·v8· … ·v1·v0   word 1 = … ·v11·v10   (v10 lies across both)
 *
 * Because the pattern repeats every 32 numbers, a group is unpacked by straight-line code with constant shifts. That code
 * is generated, one function per width and use on first use: 3 to 5 times as fast as a loop that finds its place for each
 * number. It adds the base and sums differences up on the way, so that each value is written once.
 */

/** Numbers per group. */
export const GROUP_SIZE = 32;

/** Packed numbers: `count` of `width` bits from byte `at` on. */
export interface Packed {
  readonly view: DataView;
  readonly at: number;
  readonly count: number;
  readonly width: number;
}

/** What is made of them: value = number + base, or with `isSum` from + the sum of all (number + base) up to it. */
export interface Unpacking {
  /** With `isSum`, a whole number such that no sum leaves ±(2^31 − 1); see {@link canSum}. */
  readonly base: number;
  readonly isSum: boolean;
  /** The value before the first; without meaning where nothing is summed. */
  readonly from: number;
}

/** Unpacks whole groups. */
type Unpacker = (packed: Packed, unpacking: Unpacking, into: Float64Array, to: number, end: number) => void;

/** By width: without and with sum. */
const unpackers: readonly (Unpacker | undefined)[][] = [[], []];
const lastGroup = new Float64Array(GROUP_SIZE);

/** Bytes that `count` numbers take; the last group is cut behind its last bit. */
export function packedSizeBytes(count: number, width: number): number {
  return Math.ceil((count * width) / 8);
}

/** Packs the first `count` numbers, each below 2^width, width 0..32, into words that are zero. Returns words filled. */
export function packWords(values: Uint32Array, count: number, width: number, words: Uint32Array): number {
  let word = 0;
  let filled = 0;
  let at = 0;
  for (let index = 0; index < count; index += 1) {
    const value = values[index]!;
    word |= value << filled;
    filled += width;
    if (filled < 32) continue;
    words[at] = word;
    at += 1;
    filled -= 32;
    word = filled === 0 ? 0 : value >>> (width - filled);
  }
  if (filled > 0) words[at++] = word;
  return at;
}

/** Whether sums of `count` numbers below `limit`, each with the base, stay within ±(2^31 − 1). */
export function canSum(count: number, limit: number, base: number): boolean {
  return count * (Math.abs(base) + limit) < 2 ** 31;
}

/** Unpacks into `into` from `to` on. What is in `into` from there up to `free` may be overwritten. */
export function unpack(packed: Packed, unpacking: Unpacking, into: Float64Array, to: number, free: number): void {
  const { view, at, count, width } = packed;
  const run = (unpackers[unpacking.isSum ? 1 : 0]![width] ??= generateUnpacker(width, unpacking));
  const wordsEnd = at + ((count + GROUP_SIZE - 1) >> 5) * width * 4;
  let groupCount = (count + GROUP_SIZE - 1) >> 5;
  if (wordsEnd > view.byteLength || to + groupCount * GROUP_SIZE > free) groupCount = count >> 5;
  const end = to + groupCount * GROUP_SIZE;
  run(packed, unpacking, into, to, end);
  if (end >= to + count) return;
  const lastAt = at + groupCount * width * 4;
  const tail = copyTail(view, lastAt, at + packedSizeBytes(count, width) - lastAt);
  const from = unpacking.isSum && groupCount > 0 ? into[end - 1]! : unpacking.from;
  run({ view: tail, at: 0, count: 0, width }, { ...unpacking, from }, lastGroup, 0, GROUP_SIZE);
  for (let index = end; index < to + count; index += 1) into[index] = lastGroup[index - end]!;
}

function generateUnpacker(width: number, { isSum }: Unpacking): Unpacker {
  assert(0 <= width && width <= 32, `width ${width} outside 0..32`);
  // `| 0` says that no place overflows: V8 then leaves out a check per value.
  const lines = [
    'const view = packed.view, from = unpacking.from;',
    `let at = packed.at | 0, sum = 0, base = unpacking.base${isSum ? ' | 0' : ''};`,
    `for (; to < end; to = to + 32 | 0, at = at + ${width * 4} | 0) {`,
    ...Array.from({ length: width }, (_, word) => `const w${word} = view.getUint32(at + ${word * 4} | 0, true);`),
  ];
  for (let index = 0; index < GROUP_SIZE; index += 1) {
    const number = `(${expression(index, width)})`;
    if (isSum) lines.push(`sum = sum + ${number} + base | 0; into[to + ${index} | 0] = from + sum;`);
    else lines.push(`into[to + ${index} | 0] = base + ${number};`);
  }
  return new Function('packed', 'unpacking', 'into', 'to', 'end', [...lines, '}'].join('\n')) as Unpacker;
}

/** The number at `index` of a group, as source text over the words w0, w1 … */
function expression(index: number, width: number): string {
  if (width === 0) return '0';
  if (width === 32) return `w${index}`;
  const word = Math.floor((index * width) / 32);
  const shift = (index * width) % 32;
  const low = `w${word} >>> ${shift}`;
  if (shift + width === 32) return low;
  const bits = shift + width < 32 ? low : `(${low} | w${word + 1} << ${32 - shift})`;
  return `${bits} & ${2 ** width - 1}`;
}
