import type { SizeBytes } from '@varve/base';
import type { SeriesKey, SeriesRow, SeriesSlice, StringColumn } from '@varve/model';
import { TOGETHER_SIZE_BYTES_MAX } from '../partial/frame-writer.ts';
import { MergeHeap } from '../partial/merge-heap.ts';
import type { BlockSeries, RowBlock } from '../partial/row-frame.ts';
import type { ShardPlan } from '../plan/shard-plan.ts';
import type { SeriesGroup } from './series-groups.ts';
import { isCells, rowCountOf, rowsWithFields, seriesColumn, type SeriesColumn, type SeriesRows } from './slice-cells.ts';

/** A block is cut at so many rows, or when it fills a frame. */
const BLOCK_ROW_COUNT_MAX = 1024;
/** Of a number, and of whatever else is no text. */
const CELL_SIZE_BYTES = 8;

/** Rows of a group, from slices of its series that cover the same time and hold what passes the filter, in order of (time, series): no more than so many. */
export function* scanGroup(plan: ShardPlan, group: SeriesGroup, slices: readonly (SeriesSlice | SeriesRow)[], rowCountMax: number): Generator<RowBlock> {
  const direction = plan.isDescending ? -1 : 1;
  const heap = new MergeHeap<SeriesCursor>((left, right) => direction * (left.offsetNs - right.offsetNs || left.rank - right.rank));
  for (let rank = 0; rank < slices.length; rank += 1) {
    const [series, slice] = [group.series[rank]!, slices[rank]!];
    if (slice.offsetsNs.length === 0) continue;
    const chosen = 'row' in slice ? undefined : rowsWithFields(plan.columns, group.measurement, { series, slice });
    if (chosen?.length !== 0) heap.push(new SeriesCursor(plan, group, { series, slice, rank, chosen }));
  }
  for (let rowCountLeft = rowCountMax; heap.size > 0 && rowCountLeft > 0; ) {
    const block = nextBlock(group, heap, Math.min(rowCountLeft, BLOCK_ROW_COUNT_MAX));
    rowCountLeft -= block.rows.length;
    yield block;
  }
}

function nextBlock(group: SeriesGroup, heap: MergeHeap<SeriesCursor>, rowCountMax: number): RowBlock {
  const series: SeriesCursor[] = [];
  const seriesOf: number[] = [];
  const rows: number[] = [];
  let sizeBytes = 0;
  while (rows.length < rowCountMax && sizeBytes < TOGETHER_SIZE_BYTES_MAX) {
    const cursor = heap.least;
    if (cursor === undefined) break;
    if (series[cursor.place] !== cursor) {
      cursor.place = series.push(cursor) - 1;
      sizeBytes += cursor.headSizeBytes;
    }
    seriesOf.push(cursor.place);
    rows.push(cursor.row);
    sizeBytes += cursor.rowSizeBytes;
    if (cursor.advance()) heap.sink();
    else heap.pop();
  }
  return { group: group.key, series, seriesOf, rows, sizeBytes };
}

interface ChosenRows extends SeriesRows {
  readonly slice: SeriesSlice | SeriesRow;
  /** Of the group's series, which are sorted by key. */
  readonly rank: number;
  /** undefined: all. */
  readonly chosen: Int32Array | undefined;
}

/** A place in the rows of one series, which has some. */
class SeriesCursor implements BlockSeries {
  readonly key: SeriesKey;
  readonly offsetsNs: Float64Array;
  readonly columns: readonly SeriesColumn[];
  /** Decides between rows of one time. */
  readonly rank: number;
  /** What the series takes in a block, beside its rows. */
  readonly headSizeBytes: SizeBytes;
  /** Among the series of the block at hand, if it is there. */
  place = 0;
  /** Of the row at hand. */
  row = 0;
  offsetNs = 0;
  readonly #chosen: Int32Array | undefined;
  readonly #texts: readonly StringColumn[];
  readonly #numbersSizeBytes: SizeBytes;
  readonly #step: 1 | -1;
  /** Index into the chosen rows. */
  #position: number;
  #rowCountLeft: number;

  constructor({ columns, isDescending }: ShardPlan, { measurement }: SeriesGroup, { series, slice, rank, chosen }: ChosenRows) {
    this.key = series.key;
    this.offsetsNs = slice.offsetsNs;
    this.rank = rank;
    this.columns = columns.map(({ type }, index) => seriesColumn(measurement.origins[index]!, type, { series, slice }));
    const texts: StringColumn[] = [];
    let cellCount = 1;
    let headSizeBytes = textSizeBytes(series.key);
    for (const column of this.columns) {
      if (!isCells(column)) headSizeBytes += textSizeBytes(column ?? '');
      else if (column.type === 'string') texts.push(column);
      else cellCount += 1;
    }
    this.#texts = texts;
    this.headSizeBytes = headSizeBytes;
    this.#numbersSizeBytes = cellCount * CELL_SIZE_BYTES;
    this.#chosen = chosen;
    this.#rowCountLeft = chosen?.length ?? rowCountOf(slice);
    this.#step = isDescending ? -1 : 1;
    this.#position = ('row' in slice ? slice.row : 0) + (isDescending ? this.#rowCountLeft - 1 : 0);
    this.#enter();
  }

  get rowSizeBytes(): SizeBytes {
    let sizeBytes = this.#numbersSizeBytes;
    for (const { values } of this.#texts) sizeBytes += textSizeBytes(values[this.row]!);
    return sizeBytes;
  }

  /** To the next row; whether there is one. */
  advance(): boolean {
    this.#rowCountLeft -= 1;
    if (this.#rowCountLeft === 0) return false;
    this.#position += this.#step;
    this.#enter();
    return true;
  }

  #enter(): void {
    this.row = this.#chosen === undefined ? this.#position : this.#chosen[this.#position]!;
    this.offsetNs = this.offsetsNs[this.row]!;
  }
}

/** What a text takes in UTF-8 at most. */
function textSizeBytes(text: string): SizeBytes {
  for (let index = 0; index < text.length; index += 1) if (text.charCodeAt(index) >= 0x80) return text.length * 3;
  return text.length;
}
