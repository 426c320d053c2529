import type { Cell, SeriesSlice } from '@varve/model';
import { MergeHeap } from '../partial/merge-heap.ts';
import type { RowBlock } from '../partial/row-frame.ts';
import type { RowReader } from '../plan/expression.ts';
import type { ShardPlan } from '../plan/shard-plan.ts';
import type { SeriesGroup } from './series-groups.ts';
import type { SourceSeries } from './shard-source.ts';
import { cellReader, rowsWithFields } from './slice-cells.ts';

/** A block is cut at so many rows, or when it gets about this large. */
const BLOCK_ROW_COUNT_MAX = 1024;
const BLOCK_SIZE_BYTES = 64 * 1024;

/** A place in the rows of one series. */
interface SeriesCursor {
  readonly series: SourceSeries;
  readonly offsetsNs: Float64Array;
  readonly rows: Int32Array | undefined;
  readonly readers: readonly RowReader[];
  readonly step: 1 | -1;
  /** Index into `rows`, or the row itself where there are none. */
  position: number;
  rowCountLeft: number;
}

/** Rows of a group, from slices of its series that cover the same time, in order of (time, series). */
export function* scanGroup(plan: ShardPlan, group: SeriesGroup, slices: readonly SeriesSlice[]): Generator<RowBlock> {
  const cursors = group.series.map((series, index) => cursorOver(plan, group, { series, slice: slices[index]! }));
  const direction = plan.isDescending ? -1 : 1;
  const heap = new MergeHeap<SeriesCursor>(
    (left, right) =>
      direction * (offsetAt(left) - offsetAt(right) || (left.series.key < right.series.key ? -1 : 1)),
    cursors.filter((cursor) => cursor.rowCountLeft > 0),
  );
  while (heap.size > 0) yield nextBlock(group, plan.columns.length, heap);
}

function cursorOver(plan: ShardPlan, group: SeriesGroup, rows: { readonly series: SourceSeries; readonly slice: SeriesSlice }): SeriesCursor {
  const { measurement } = group;
  const { offsetsNs } = rows.slice;
  const chosen = rowsWithFields(plan.columns, measurement, rows, group.rowFilter.rowsThatPass(rows));
  const rowCountLeft = chosen?.length ?? offsetsNs.length;
  return {
    series: rows.series,
    offsetsNs,
    rows: chosen,
    readers: plan.columns.map((column, index) => cellReader(measurement.origins[index]!, column.type, rows)),
    step: plan.isDescending ? -1 : 1,
    position: plan.isDescending ? rowCountLeft - 1 : 0,
    rowCountLeft,
  };
}

function nextBlock(group: SeriesGroup, columnCount: number, heap: MergeHeap<SeriesCursor>): RowBlock {
  const offsetsNs: number[] = [];
  const seriesOf: number[] = [];
  const places = new Map<SeriesCursor, number>();
  const columns = Array.from({ length: columnCount }, (_, column) => emptyColumn(group, column));
  let sizeBytes = 0;
  while (offsetsNs.length < BLOCK_ROW_COUNT_MAX && sizeBytes < BLOCK_SIZE_BYTES) {
    const cursor = heap.least;
    if (cursor === undefined) break;
    const row = rowAt(cursor);
    offsetsNs.push(cursor.offsetsNs[row]!);
    let place = places.get(cursor);
    const isNew = place === undefined;
    if (place === undefined) {
      places.set(cursor, (place = places.size));
      sizeBytes += textSizeBytes(cursor.series.key);
    }
    seriesOf.push(place);
    sizeBytes += 8;
    for (let index = 0; index < columnCount; index += 1) {
      const column = columns[index]!;
      if (column.kind === 'tag' && !isNew) continue;
      const cell = cursor.readers[index]!(row);
      if (column.kind === 'tag') column.bySeries.push(cell as string | null);
      else column.cells.push(cell);
      sizeBytes += typeof cell === 'string' ? textSizeBytes(cell) : 8;
    }
    cursor.position += cursor.step;
    cursor.rowCountLeft -= 1;
    if (cursor.rowCountLeft > 0) heap.sink();
    else heap.pop();
  }
  return { group: group.key, offsetsNs, seriesKeys: Array.from(places.keys(), ({ series }) => series.key), seriesOf, columns };
}

type FilledColumn = { readonly kind: 'cells'; readonly cells: Cell[] } | { readonly kind: 'tag'; readonly bySeries: (string | null)[] };

function emptyColumn({ measurement }: SeriesGroup, column: number): FilledColumn {
  return measurement.origins[column]!.kind === 'tag' ? { kind: 'tag', bySeries: [] } : { kind: 'cells', cells: [] };
}

/** What a text takes in UTF-8 at most. */
function textSizeBytes(text: string): number {
  return text.length * 3;
}

function offsetAt(cursor: SeriesCursor): number {
  return cursor.offsetsNs[rowAt(cursor)]!;
}

function rowAt({ rows, position }: SeriesCursor): number {
  return rows === undefined ? position : rows[position]!;
}
