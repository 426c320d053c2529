import type { SeriesGroup } from './series-groups.ts';
import type { OffsetRange, ShardSource } from './shard-source.ts';

/** Counting takes a microsecond or two per series. */
const COUNTED_SERIES_COUNT_MAX = 1_024;

/** About how many rows a group has in a range: series may differ by orders of magnitude. Undefined: nobody knows, or it has too many series to ask. */
export function estimatedRowCount({ series }: Pick<SeriesGroup, 'series'>, source: ShardSource, range: OffsetRange): number | undefined {
  if (source.rowCountIn === undefined || series.length > COUNTED_SERIES_COUNT_MAX) return undefined;
  let rowCount = 0;
  for (const each of series) rowCount += source.rowCountIn(each, range);
  return rowCount;
}
