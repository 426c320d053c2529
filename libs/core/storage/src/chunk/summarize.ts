import { FloatSum } from '@varve/base';
import type { Column, FieldSummary, NamedColumn, SummaryNumbers } from '@varve/model';
import { isBitSet } from '../bits.ts';

/** Summarizes a column with at least one value; rows ascend by time, and no time has two values. */
export function summarize({ column }: NamedColumn, offsetsNs: Float64Array): FieldSummary {
  const rowCount = offsetsNs.length;
  const { count, firstRow, lastRow } = extentOf(column, rowCount);
  return {
    nullCount: rowCount - count,
    firstNs: offsetsNs[firstRow]! - offsetsNs[0]!,
    lastNs: offsetsNs[rowCount - 1]! - offsetsNs[lastRow]!,
    numbers: column.type === 'float' || column.type === 'integer' ? numbersOf(column, offsetsNs, [firstRow, lastRow]) : undefined,
  };
}

function extentOf({ validity }: Column, rowCount: number): { count: number; firstRow: number; lastRow: number } {
  if (validity === undefined) return { count: rowCount, firstRow: 0, lastRow: rowCount - 1 };
  let [count, firstRow, lastRow] = [0, -1, -1];
  for (let row = 0; row < rowCount; row += 1) {
    if (!isBitSet(validity, row)) continue;
    if (count === 0) firstRow = row;
    lastRow = row;
    count += 1;
  }
  return { count, firstRow, lastRow };
}

function numbersOf({ type, values, validity }: Column & { readonly type: 'float' | 'integer' }, offsetsNs: Float64Array, [firstRow, lastRow]: readonly [number, number]): SummaryNumbers | undefined {
  if (values instanceof BigInt64Array) return undefined;
  const { minRow, maxRow, plainSum } = validity === undefined ? extremesOfAll(values) : extremesOfSome(values, validity, firstRow);
  const [min, max] = [values[minRow]!, values[maxRow]!];
  // So no sum of some of them leaves ±(2^53 − 1), and the plain one is exact.
  if (type === 'integer' && Math.max(-min, max) * values.length > Number.MAX_SAFE_INTEGER) return undefined;
  const { sum, sumRest } = type === 'integer' ? { sum: plainSum, sumRest: 0 } : floatSumOf(values, validity);
  if (!Number.isFinite(sum)) return undefined;
  const [minNs, maxNs] = [offsetsNs[minRow]! - offsetsNs[0]!, offsetsNs[maxRow]! - offsetsNs[0]!];
  return { first: values[firstRow]!, last: values[lastRow]!, min, max, minNs, maxNs, sum, sumRest };
}

/** Rows of the least and the greatest value, the first ones of several, and what floats add up to without a compensation. */
interface Extremes {
  readonly minRow: number;
  readonly maxRow: number;
  readonly plainSum: number;
}

function extremesOfAll(values: Float64Array): Extremes {
  let [minRow, maxRow] = [0, 0];
  let min = values[0]!;
  let max = min;
  let plainSum = 0;
  for (let row = 0; row < values.length; row += 1) {
    const value = values[row]!;
    plainSum += value;
    if (value < min) {
      min = value;
      minRow = row;
    } else if (value > max) {
      max = value;
      maxRow = row;
    }
  }
  return { minRow, maxRow, plainSum };
}

function extremesOfSome(values: Float64Array, validity: Uint8Array, firstRow: number): Extremes {
  let [minRow, maxRow] = [firstRow, firstRow];
  let plainSum = 0;
  for (let row = firstRow; row < values.length; row += 1) {
    if (!isBitSet(validity, row)) continue;
    plainSum += values[row]!;
    if (values[row]! < values[minRow]!) minRow = row;
    else if (values[row]! > values[maxRow]!) maxRow = row;
  }
  return { minRow, maxRow, plainSum };
}

function floatSumOf(values: Float64Array, validity: Uint8Array | undefined): Pick<SummaryNumbers, 'sum' | 'sumRest'> {
  const sum = new FloatSum();
  if (validity === undefined) sum.addRange(values, 0, values.length);
  else for (let row = 0; row < values.length; row += 1) if (isBitSet(validity, row)) sum.add(values[row]!);
  return { sum: sum.total, sumRest: sum.rest };
}
