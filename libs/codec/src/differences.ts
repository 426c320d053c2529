import type { PageReader } from './page-reader.ts';
import type { PageWriter } from './page-writer.ts';

/** How often differences were taken. The first `order` values are stored as they are. */
export type Order = 0 | 1 | 2;

/** The difference of some order that ends at an index ≥ order. */
export function differenceAt(values: Float64Array, order: Order, index: number): number {
  const value = values[index]!;
  if (order === 0) return value;
  const before = values[index - 1]!;
  return order === 1 ? value - before : value - before - (before - values[index - 2]!);
}

/** Writes what differences of an order start from: the first value, the first step. */
export function writeFirst(writer: PageWriter, order: Order, values: Float64Array): void {
  if (order > 0) writer.signed(values[0]!);
  if (order > 1) writer.signed(values.length > 1 ? values[1]! - values[0]! : 0);
}

/** The inverse of {@link writeFirst}, of `count` values. @throws DbError CHUNK_INVALID */
export function readFirst(reader: PageReader, order: Order, count: number, into: Float64Array): void {
  if (order > 0 && count > 0) into[0] = reader.signed();
  if (order > 1 && count > 1) into[1] = into[0]! + reader.signed();
}

/** Makes values of the differences in the half-open range; the values before it are there. */
export function sumUp(values: Float64Array, order: Order, start: number, end: number): void {
  if (order === 0) return;
  let sum = values[start - 1]!;
  if (order === 1) {
    for (let index = start; index < end; index += 1) values[index] = sum += values[index]!;
    return;
  }
  let step = sum - values[start - 2]!;
  for (let index = start; index < end; index += 1) values[index] = sum += step += values[index]!;
}
