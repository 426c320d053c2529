import { type Order, differenceAt } from './differences.ts';
import { invalid } from './invalid.ts';
import type { PageReader } from './page-reader.ts';
import type { PageWriter } from './page-writer.ts';

/*
 * Differences that a code book has no symbol for. Each was coded as some other number; what is missing stands here:
 *
 *   count varint · per outlier: differences since the last one varint · what is missing signed
 */

/** Values this big might lose bits on the way, when what is missing is added last. */
const EXACT_MAX = 2 ** 51;

/** Which differences are outliers, ascending by their place among all, and what they were coded as. */
export interface Outliers {
  readonly order: Order;
  readonly indexes: readonly number[];
  readonly codedAs: number;
  /** No coded difference is further from 0. */
  readonly codedMax: number;
}

/** Whether values come back exactly when outliers are added last. */
export function isExactWithout({ order, indexes, codedMax }: Outliers, values: Float64Array): boolean {
  const firstStep = order > 1 ? Math.abs(values[1]! - values[0]!) : 0;
  const wayMax = values.length ** order * codedMax + values.length * firstStep;
  return (
    wayMax < EXACT_MAX &&
    Math.abs(values[0]!) < EXACT_MAX &&
    indexes.every((at) => Math.abs(values[at + order]!) < EXACT_MAX)
  );
}

/** Writes what is missing at each index of a difference. */
export function writeOutliers(writer: PageWriter, { order, indexes, codedAs }: Outliers, values: Float64Array): void {
  writer.varint(indexes.length);
  let next = 0;
  for (const index of indexes) {
    writer.varint(index - next).signed(differenceAt(values, order, index + order) - codedAs);
    next = index + 1;
  }
}

/** Adds what {@link writeOutliers} wrote to the first `count` values. @throws DbError CHUNK_INVALID */
export function readOutliers(reader: PageReader, order: Order, count: number, values: Float64Array): void {
  const outlierCount = reader.varint();
  if (outlierCount > count) throw invalid(`${outlierCount} outliers of ${count} values`);
  const added = { sum: 0, step: 0 };
  let at: number = order;
  for (let read = 0; read < outlierCount; read += 1) {
    const index = at + reader.varint();
    if (index >= count) throw invalid(`an outlier at ${index} of ${count} values`);
    if (order > 0) add(added, values, at, index);
    const missing = reader.signed();
    if (order === 0) added.sum = missing;
    else if (order === 1) added.sum += missing;
    else added.step += missing;
    at = index + 1;
    add(added, values, index, at);
  }
  if (order > 0) add(added, values, at, count);
}

/** What is missing from the next value, and by how much more from each after it. */
interface Added {
  sum: number;
  step: number;
}

function add(added: Added, values: Float64Array, start: number, end: number): void {
  const { step } = added;
  let { sum } = added;
  // `| 0`: V8 takes places that were read as varints for float64, and would convert each.
  for (let index = start | 0; index < (end | 0); index = (index + 1) | 0) {
    sum += step;
    values[index] = values[index]! + sum;
  }
  added.sum = sum;
}
