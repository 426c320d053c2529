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

/**
 * Rows of a group in one piece of its time, from slices of its series that hold what passes the filter. Of hundreds of thousands of series most are
 * only ordered when few rows are wanted: what is needed of them besides is found when their first row is taken.
 */
export class GroupScan {
  readonly #plan: ShardPlan;
  readonly #group: SeriesGroup;
  readonly #heap: MergeHeap<SeriesCursor>;

  constructor(plan: ShardPlan, group: SeriesGroup) {
    const direction = plan.isDescending ? -1 : 1;
    this.#plan = plan;
    this.#group = group;
    this.#heap = new MergeHeap((left, right) => direction * (left.offsetNs - right.offsetNs || left.rank - right.rank));
  }

  /** `rank`: place of the series in the group. */
  add(rank: number, slice: SeriesSlice | SeriesRow): void {
    if (slice.offsetsNs.length === 0) return;
    const rows = { series: this.#group.series[rank]!, slice };
    const chosen = 'row' in slice ? undefined : rowsWithFields(this.#plan.columns, this.#group.measurement, { series: rows.series, slice });
    if (chosen?.length !== 0) this.#heap.push(new SeriesCursor(this.#plan, this.#group, { ...rows, rank, chosen }));
  }

  /** No more than so many rows, in order of (time, series). */
  *blocks(rowCountMax: number): Generator<RowBlock> {
    for (let rowCountLeft = rowCountMax; this.#heap.size > 0 && rowCountLeft > 0; ) {
      const block = nextBlock(this.#group, this.#heap, Math.min(rowCountLeft, BLOCK_ROW_COUNT_MAX));
      rowCountLeft -= block.rows.length;
      yield block;
    }
  }
}

function nextBlock(group: SeriesGroup, heap: MergeHeap<SeriesCursor>, rowCountMax: number): RowBlock {
  const series: ShownSeries[] = [];
  const seriesOf: number[] = [];
  const rows: number[] = [];
  let sizeBytes = 0;
  while (rows.length < rowCountMax && sizeBytes < TOGETHER_SIZE_BYTES_MAX) {
    const cursor = heap.least;
    if (cursor === undefined) break;
    const { shown } = cursor;
    if (series[cursor.place] !== shown) {
      cursor.place = series.push(shown) - 1;
      sizeBytes += shown.headSizeBytes;
    }
    seriesOf.push(cursor.place);
    rows.push(cursor.row);
    sizeBytes += shown.sizeOfRow(cursor.row);
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
class SeriesCursor {
  /** Decides between rows of one time. */
  readonly rank: number;
  /** Among the series of the block at hand, if it is there. */
  place = 0;
  /** Of the row at hand. */
  row = 0;
  offsetNs = 0;
  readonly #plan: ShardPlan;
  readonly #group: SeriesGroup;
  readonly #rows: ChosenRows;
  readonly #step: 1 | -1;
  /** Index into the chosen rows. */
  #position: number;
  #rowCountLeft: number;
  #shown: ShownSeries | undefined;

  constructor(plan: ShardPlan, group: SeriesGroup, rows: ChosenRows) {
    const { slice, chosen } = rows;
    this.rank = rows.rank;
    this.#plan = plan;
    this.#group = group;
    this.#rows = rows;
    this.#rowCountLeft = chosen?.length ?? rowCountOf(slice);
    this.#step = plan.isDescending ? -1 : 1;
    this.#position = ('row' in slice ? slice.row : 0) + (plan.isDescending ? this.#rowCountLeft - 1 : 0);
    this.#enter();
  }

  /** The series as blocks show it. */
  get shown(): ShownSeries {
    return (this.#shown ??= new ShownSeries(this.#plan, this.#group, this.#rows));
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
    const { chosen, slice } = this.#rows;
    this.row = chosen === undefined ? this.#position : chosen[this.#position]!;
    this.offsetNs = slice.offsetsNs[this.row]!;
  }
}

/** What a series has in blocks. */
class ShownSeries implements BlockSeries {
  readonly key: SeriesKey;
  readonly offsetsNs: Float64Array;
  readonly columns: readonly SeriesColumn[];
  /** What it takes in a block, beside its rows. */
  readonly headSizeBytes: SizeBytes;
  readonly #texts: readonly StringColumn[];
  readonly #numbersSizeBytes: SizeBytes;

  constructor({ columns }: ShardPlan, { measurement }: SeriesGroup, { series, slice }: ChosenRows) {
    this.key = series.key;
    this.offsetsNs = slice.offsetsNs;
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
  }

  sizeOfRow(row: number): SizeBytes {
    let sizeBytes = this.#numbersSizeBytes;
    for (const { values } of this.#texts) sizeBytes += textSizeBytes(values[row]!);
    return sizeBytes;
  }
}

/** What a text takes in UTF-8 at most. */
function textSizeBytes(text: string): SizeBytes {
  for (let index = 0; index < text.length; index += 1) if (text.charCodeAt(index) >= 0x80) return text.length * 3;
  return text.length;
}
