import type { TimestampNs } from '@varve/base';
import { matchesTags, seriesKey, SHARD_WINDOW_NS_MAX, type SeriesBlock, type SeriesSlice } from '@varve/model';
import { RowFilter } from '../operators/row-filter.ts';
import { tagValue } from '../operators/tag-value.ts';
import { fieldsToRead, type SeriesRows } from '../operators/slice-cells.ts';
import type { GroupKey } from '../partial/group-key.ts';
import type { PlannedSubquery } from '../plan/query-plan.ts';
import type { MeasurementPlan } from '../plan/shard-plan.ts';
import { compileTagFilter } from '../plan/tag-expression.ts';
import { cellColumns, type CellColumns, type RowRange } from './cell-columns.ts';

/** Rows of one series of a subquery that belong to one group of the statement around it. */
interface RowPiece {
  readonly group: GroupKey;
  readonly rows: SeriesRows;
}

/** A piece whose times lie in one span, as those of a shard do; they ascend. */
export interface SpanPiece extends RowPiece {
  /** What offsets count from. */
  readonly startNs: TimestampNs;
}

/** Spans begin at multiples of the widest shard: offsets in one are exact in a float64. */
const SPAN_MS = Number(SHARD_WINDOW_NS_MAX / 1_000_000n);
const NS_PER_MS = 1_000_000;

/** Turns the rows of a subquery into what operators work on. */
export class RowPieces {
  readonly measurement: MeasurementPlan;
  readonly rowFilter: RowFilter;
  readonly #dimensions: readonly string[];
  readonly #tagsPass: (tags: NonNullable<SeriesBlock['tags']>) => boolean;
  readonly #columns: CellColumns;

  constructor({ shardPlan, columns }: PlannedSubquery) {
    this.measurement = shardPlan.measurements[0]!;
    this.rowFilter = new RowFilter(this.measurement);
    this.#dimensions = shardPlan.dimensions;
    const filter = compileTagFilter(this.measurement.tagFilter);
    this.#tagsPass = (tags) => matchesTags(filter, (key) => tagValue(tags, key));
    const firstOfName = new Map(columns.toReversed().map((column) => [column.name, column]));
    this.#columns = cellColumns(fieldsToRead(this.measurement).map((name) => firstOfName.get(name)!));
  }

  /** All rows of a block in the order that they have; undefined: no row of its series passes. */
  whole(block: SeriesBlock): RowPiece | undefined {
    const series = this.#seriesOf(block);
    return series && { group: series.group, rows: { series, slice: this.#slice(block, { start: 0, end: block.rowCount }) } };
  }

  /** The rows of an ascending block, cut where a span ends and, if `cutsEqual`, between rows of one time. */
  *inSpans(block: SeriesBlock, cutsEqual: boolean): Generator<SpanPiece> {
    const series = this.#seriesOf(block);
    if (series === undefined) return;
    const { ms } = block.times!;
    for (let start = 0; start < block.rowCount; ) {
      const span = Math.floor(ms[start]! / SPAN_MS);
      let end = start + 1;
      while (end < block.rowCount && ms[end]! < (span + 1) * SPAN_MS && !(cutsEqual && isSameTime(block, end - 1, end))) end += 1;
      const rows = { series, slice: this.#slice(block, { start, end }, span * SPAN_MS) };
      yield { group: series.group, rows, startNs: BigInt(span) * SHARD_WINDOW_NS_MAX };
      start = end;
    }
  }

  /** The group that the rows of a block belong to; undefined: none of them passes. */
  groupOf(block: SeriesBlock): GroupKey | undefined {
    return this.#seriesOf(block)?.group;
  }

  #seriesOf({ name, tags = [] }: SeriesBlock): (SeriesRows['series'] & { readonly group: GroupKey }) | undefined {
    if (!this.#tagsPass(tags)) return undefined;
    const group = { measurement: name, values: this.#dimensions.map((key) => tagValue(tags, key)) };
    return { seriesId: 0, key: seriesKey(name, tags), tags, group };
  }

  #slice(block: SeriesBlock, { start, end }: RowRange, startMs = block.times!.ms[start]!): SeriesSlice {
    const { ms, subNs } = block.times!;
    const offsetsNs = new Float64Array(end - start);
    for (let row = start; row < end; row += 1) offsetsNs[row - start] = (ms[row]! - startMs) * NS_PER_MS + subNs[row]!;
    return { offsetsNs, columns: this.#columns(block, { start, end }) };
  }
}

function isSameTime({ times }: SeriesBlock, left: number, right: number): boolean {
  return times!.ms[left] === times!.ms[right] && times!.subNs[left] === times!.subNs[right];
}

/** A block with its rows in the opposite order. */
export function reversed(block: SeriesBlock): SeriesBlock {
  const { ms, subNs } = block.times!;
  return { ...block, times: { ms: Array.from(ms).reverse(), subNs: Array.from(subNs).reverse() }, cells: block.cells.map((cells) => cells.toReversed()) };
}
