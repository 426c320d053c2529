import { exactNumber } from './vector.ts';

/** The sum of two int64 values: a number where float64 holds it exactly, else a bigint. It wraps around as int64 does. */
export function addExact(left: number | bigint, right: number | bigint): number | bigint {
  if (typeof left === 'number' && typeof right === 'number') {
    const sum = left + right;
    if (Number.isSafeInteger(sum)) return sum;
  }
  return exactNumber(BigInt.asIntN(64, BigInt(left) + BigInt(right)));
}

/** The sum of a part of a column of integers. Float64 values are safe integers; a bare loop while their sum is. */
export function addExactRange(values: Float64Array | BigInt64Array, start: number, end: number): number | bigint {
  if (values instanceof BigInt64Array) {
    let large = 0n;
    for (let index = start; index < end; index += 1) large += values[index]!;
    return exactNumber(BigInt.asIntN(64, large));
  }
  let sum = 0;
  for (let index = start; index < end; index += 1) {
    const next = sum + values[index]!;
    if (next > Number.MAX_SAFE_INTEGER || next < -Number.MAX_SAFE_INTEGER) return addExact(sum, addExactRange(values, index, end));
    sum = next;
  }
  return sum;
}
