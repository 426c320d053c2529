import * as wasm from './machine-code.ts';
import { type Code, F64, get, I32, i32, joined, loopWhile, type MachineFunction, set, V128, v128 } from './machine-code.ts';

/*
 * Machine code that makes numbers of symbols and low bits, eight at a time:
 *
 *   symbol × 2^width + low bits ──▶ [summed up] ──▶ as float64 ──▶ [+ offset] ──▶ [as a quotient]
 *
 * - Eight bytes times 0x0101010101010101 are eight sums of bytes, as none is above 255. With low bits, sums are made of
 *   the numbers moved on by one place, then by two.
 * - Low bits of eight numbers are `width` bytes. Each number's are brought into 32 bits of their own, multiplied by what
 *   puts them on bit 7, shifted down and masked.
 * - The bits of an integer n from 0 to 2^32 − 1, below the word 0x43300000, are the float64 2^52 + n.
 */

/** What is made of numbers: themselves; sums; sums near 0, without an offset; quotients of these. */
export type NumbersKind = 'numbers' | 'sums' | 'nearSums' | 'quotients';

/** Where the memory has what is looked up and read, and where numbers go. */
export interface NumberPlaces {
  /** {@link layoutOfLow} of each width, from 0 on. */
  readonly layouts: number;
  readonly symbols: number;
  readonly numbers: number;
}

/**
 * Makes `count` float64, and up to seven more, of symbols and of low bits from byte `lowAt` on. To numbers `from` is added; a sum is
 * from + all (number + base) up to it, where the sums without from are within ±2^31, near ones with it. A quotient is near sum ×
 * high + near sum × low part.
 * @returns what sums of the next numbers go on from, if the count is a multiple of eight
 */
export type MakeNumbers = (
  ...parameters: [count: number, lowAt: number, width: number, base: number, from: number, high: number, lowPart: number]
) => number;

const BIAS = 2 ** 31;
/** Bytes per width in `layoutOfLow`: places of the bytes, then factors, of eight numbers. */
export const LAYOUT_SIZE_BYTES = 64;

/** How low bits of a width are brought into 32 bits each. */
export function layoutOfLow(width: number): Uint8Array {
  const layout = new DataView(new ArrayBuffer(LAYOUT_SIZE_BYTES));
  for (let number = 0; number < 8; number += 1) {
    const bit = number * width;
    for (let byte = 0; byte < 4; byte += 1) layout.setUint8(number * 4 + byte, (bit >> 3) + byte);
    layout.setInt32(32 + number * 4, 1 << (7 - (bit & 7)), true);
  }
  return new Uint8Array(layout.buffer);
}

/** {@link MakeNumbers}, of one kind. */
export function makeNumbers(kind: NumbersKind, hasLow: boolean, memory: NumberPlaces): MachineFunction {
  const [isSum, isOffset, isQuotient] = [kind !== 'numbers', kind === 'numbers' || kind === 'sums', kind === 'quotients'];
  const [count, lowAt, width, base, from, high, lowPart] = [0, 1, 2, 3, 4, 5, 6];
  const [symbols, into, end, wide, lowBits, first, second, value] = [7, 8, 9, 10, 11, 12, 13, 14];
  const [before, firstBases, secondBases, offsets, highs, lowParts] = [15, 16, 17, 18, 19, 20];
  const [firstPlaces, secondPlaces, firstFactors, secondFactors, mask, scale] = [21, 22, 23, 24, 25, 26];
  const [exponents, magic] = [27, 28];
  const ofWidth = (place: number): Code => wasm.v128Load(memory.layouts + place, wasm.i32Shl(get(width), i32(6)));
  const lowOf = (places: number, factors: number): Code =>
    wasm.v128And(wasm.i32x4ShrU(wasm.i32x4Mul(wasm.i8x16RelaxedSwizzle(get(lowBits), get(places)), get(factors)), i32(7)), get(mask));
  const withLow = (symbol: Code, places: number, factors: number): Code =>
    hasLow ? wasm.i32x4Add(wasm.i32x4Mul(symbol, get(scale)), lowOf(places, factors)) : symbol;
  const sumUp = (numbers: number): readonly Code[] => [
    set(numbers, wasm.i32x4Add(get(numbers), wasm.i32x4Shuffle([3, 4, 5, 6], ZERO, get(numbers)))),
    set(numbers, wasm.i32x4Add(get(numbers), wasm.i32x4Shuffle([2, 3, 4, 5], ZERO, get(numbers)))),
  ];
  const lastOf = (numbers: number): Code => wasm.i32x4Shuffle([3, 3, 3, 3], get(numbers), get(numbers));
  const lastSum = wasm.f64ConvertI32(wasm.i32Add(wasm.i32x4First(get(before)), i32(-BIAS)));
  const put = (place: number, numbers: number, pair: readonly number[]): Code => {
    const float = wasm.f64x2Sub(wasm.i32x4Shuffle(pair, get(numbers), get(exponents)), get(magic));
    return joined(
      set(value, isOffset ? wasm.f64x2Add(float, get(offsets)) : float),
      wasm.v128Store(place, get(into), isQuotient ? wasm.f64x2Add(wasm.f64x2Mul(get(value), get(highs)), wasm.f64x2Mul(get(value), get(lowParts))) : get(value)),
    );
  };
  const widths = (
    [
      [firstPlaces, ofWidth(0)],
      [secondPlaces, ofWidth(16)],
      [firstFactors, ofWidth(32)],
      [secondFactors, ofWidth(48)],
      [scale, wasm.i32x4Splat(wasm.i32Shl(i32(1), get(width)))],
      [mask, wasm.i32x4Splat(wasm.i32Sub(wasm.i32Shl(i32(1), get(width)), i32(1)))],
    ] as const
  ).map(([local, of]) => set(local, of));
  return {
    parameters: [I32, I32, I32, I32, F64, F64, F64],
    results: [F64],
    locals: [I32, I32, I32, ...new Array<number>(19).fill(V128)],
    body: [
      set(symbols, i32(memory.symbols)),
      set(into, i32(memory.numbers)),
      set(end, wasm.i32Add(get(into), wasm.i32Shl(get(count), i32(3)))),
      set(before, wasm.i32x4Splat(wasm.i32Add(isOffset ? i32(0) : wasm.i32TruncF64(get(from)), i32(-BIAS)))),
      set(firstBases, wasm.i32x4Mul(wasm.i32x4Splat(get(base)), v128(Int32Array.of(1, 2, 3, 4)))),
      set(secondBases, wasm.i32x4Mul(wasm.i32x4Splat(get(base)), v128(Int32Array.of(5, 6, 7, 8)))),
      ...[set(offsets, wasm.f64x2Splat(get(from))), set(highs, wasm.f64x2Splat(get(high))), set(lowParts, wasm.f64x2Splat(get(lowPart)))],
      // Constants are locals as well: where they are written into a loop, V8 builds them anew in each round.
      set(exponents, EXPONENTS),
      set(magic, v128(Float64Array.of(2 ** 52 + BIAS, 2 ** 52 + BIAS))),
      ...(hasLow ? widths : []),
      loopWhile(
        wasm.i32LtS(get(into), get(end)),
        set(wide, isSum && !hasLow ? sumsOfBytes(get(symbols)) : wasm.i16x8Load8x8U(0, get(symbols))),
        hasLow ? set(lowBits, wasm.v128Load(0, get(lowAt))) : [],
        set(first, withLow(wasm.i32x4ExtendLowI16x8U(get(wide)), firstPlaces, firstFactors)),
        set(second, withLow(wasm.i32x4ExtendHighI16x8U(get(wide)), secondPlaces, secondFactors)),
        ...(isSum && hasLow ? [...sumUp(first), ...sumUp(second), set(second, wasm.i32x4Add(get(second), lastOf(first)))] : []),
        set(first, wasm.i32x4Add(get(first), isSum ? wasm.i32x4Add(get(before), get(firstBases)) : get(before))),
        set(second, wasm.i32x4Add(get(second), isSum ? wasm.i32x4Add(get(before), get(secondBases)) : get(before))),
        isSum ? set(before, lastOf(second)) : [],
        ...[put(0, first, [0, 4, 1, 5]), put(16, first, [2, 6, 3, 7])],
        ...[put(32, second, [0, 4, 1, 5]), put(48, second, [2, 6, 3, 7])],
        set(into, wasm.i32Add(get(into), i32(64))),
        set(symbols, wasm.i32Add(get(symbols), i32(8))),
        hasLow ? set(lowAt, wasm.i32Add(get(lowAt), get(width))) : [],
      ),
      isOffset ? wasm.f64Add(get(from), lastSum) : lastSum,
    ],
  };
}

const ZERO = v128(new Int32Array(4));
const EXPONENTS = v128(new Int32Array(4).fill(0x43300000));
const sumsOfBytes = (at: Code): Code => wasm.i16x8ExtendLowI8x16U(wasm.i64x2Splat(wasm.i64Mul(wasm.i64Load(0, at), wasm.i64(0x0101010101010101n))));
