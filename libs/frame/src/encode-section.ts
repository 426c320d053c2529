import { assert, Scratch, type ByteWriter } from '@varve/base';
import type { BatchSeries, TableSlice } from '@varve/model';
import { writeColumn } from './encode-column.ts';
import { writeNumbers } from './packed-numbers.ts';
import { orderRows, sourceOf, type RowOrder } from './row-order.ts';
import { type UnfoldBudget, writeSeriesKeys } from './series-keys.ts';

/** What all sections of a slice share. */
export interface SectionContext {
  readonly startNs: bigint;
  readonly series: readonly BatchSeries[];
  /** One −1 per series of the batch: scratch that every use leaves as it was. */
  readonly localIndexes: Int32Array;
}

/** Writes the rows of one table and returns how many they are after twins became one. */
export function writeSection(
  writer: ByteWriter,
  slice: TableSlice,
  context: SectionContext & { readonly budget: UnfoldBudget },
): number {
  const { table } = slice;
  const order = orderRows(slice, context.startNs, context.localIndexes);
  writer.text(table.measurement);
  const keys = order.seriesIndexes.map((index) => context.series[index]!.key);
  writeSeriesKeys(writer, keys, context.budget);
  const rowCount = order.offsetsNs.length;
  writer.varint(rowCount);
  writeNumbers(writer, countsOf(order.rowStarts));
  writeOffsets(writer, order.offsetsNs);
  writeColumns(writer, slice, order);
  return rowCount;
}

function countsOf(rowStarts: Uint32Array): Uint32Array {
  return Uint32Array.from({ length: rowStarts.length - 1 }, (_, index) => rowStarts[index + 1]! - rowStarts[index]!);
}

/** Units of time in nanoseconds, by their number in a frame. */
export const UNITS_NS = [1, 1e3, 1e6, 1e9] as const;

const scratch = new Scratch();

/** In the largest unit that divides all of them. */
function writeOffsets(writer: ByteWriter, offsetsNs: Float64Array): void {
  let unit = UNITS_NS.length - 1;
  for (let row = 0; row < offsetsNs.length && unit > 0; row += 1) {
    const offsetNs = offsetsNs[row]!;
    while (unit > 0 && Math.floor(offsetNs / UNITS_NS[unit]!) * UNITS_NS[unit]! !== offsetNs) unit -= 1;
  }
  const unitNs = UNITS_NS[unit]!;
  const inUnits = scratch.take(offsetsNs.length);
  for (let row = 0; row < inUnits.length; row += 1) inUnits[row] = offsetsNs[row]! / unitNs;
  writeNumbers(writer.u8(unit), inUnits);
}

/** Columns without a value in these rows are left out. */
function writeColumns(writer: ByteWriter, { table }: TableSlice, order: RowOrder): void {
  const names = new Set(table.columns.map(({ name }) => name));
  assert(names.size === table.columns.length, `a column of ${table.measurement} occurs twice`);
  const sources = table.columns.map((named) => ({ named, source: sourceOf(named.column, order) }));
  const present = sources.filter(({ source }) => source.validCount > 0);
  writer.varint(present.length);
  for (const { named, source } of present) writeColumn(writer, named, source);
}
