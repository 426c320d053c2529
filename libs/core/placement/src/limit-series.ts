import type { TableSlice } from '@varve/model';
import type { ShardSlice } from './place-batch.ts';

// The limit of series of a shard group (docs/specs/series-limit.md): which series of a batch are refused, and a slice without
// them. A series is named by its index in the batch, so ascending is in the order of first lines.

/** What one owner says of a shard. */
export interface OwnerSeries {
  /** Series that it has of the shard. */
  readonly seriesCount: number;
  /** Those of the batch that it does not have. */
  readonly unknown: ReadonlySet<number>;
}

/** One shard of a group, with what was asked about it. */
export interface ShardSeries {
  /** The batch's series in this shard. */
  readonly asked: readonly number[];
  /** Of each owner; undefined: it has not answered. */
  readonly answers: readonly (OwnerSeries | undefined)[];
  /** How many series it was known to have before; counts while nobody answers. */
  readonly rememberedCount: number;
}

/** How many series a shard has: the greatest number that an owner says. */
export function seriesCountOf({ answers, rememberedCount }: ShardSeries): number {
  const counts = answers.flatMap((answer) => answer?.seriesCount ?? []);
  return counts.length === 0 ? rememberedCount : Math.max(...counts);
}

/** Of a whole group: the new series for which it has no room, when those that come first have what there is. */
export function refusedSeries(shards: readonly ShardSeries[], seriesCountMax: number): ReadonlySet<number> {
  const room = seriesCountMax - shards.reduce((sum, shard) => sum + seriesCountOf(shard), 0);
  const fresh = shards.flatMap(newSeriesOf).sort((left, right) => left - right);
  return new Set(fresh.slice(Math.max(0, room)));
}

/** What every owner says it does not have. While one is silent no series is new (SL4), nor takes room. */
function newSeriesOf({ asked, answers }: ShardSeries): readonly number[] {
  return asked.filter((series) => answers.every((answer) => answer?.unknown.has(series) === true));
}

/** Of the series asked for, those that some owner has. */
export function knownSeriesOf({ asked, answers }: ShardSeries): readonly number[] {
  return asked.filter((series) => answers.some((answer) => answer?.unknown.has(series) === false));
}

/** The series that a slice has rows of, each once, ascending. */
export function seriesOf({ tables }: ShardSlice): readonly number[] {
  const found = new Set<number>();
  for (const slice of tables) for (const row of rowsOf(slice)) found.add(slice.table.seriesIndexes[row]!);
  return [...found].sort((left, right) => left - right);
}

/** The same slice when it has no row of these series; without any row when it has no others. */
export function withoutSeries(slice: ShardSlice, refused: ReadonlySet<number>): ShardSlice {
  if (refused.size === 0) return slice;
  const tables = slice.tables.map(({ table, rowIndexes }) => {
    const rows = rowsOf({ table, rowIndexes });
    const kept = rows.filter((row) => !refused.has(table.seriesIndexes[row]!));
    return kept.length === rows.length ? { table, rowIndexes } : { table, rowIndexes: kept };
  });
  const rowCount = tables.reduce((sum, { table, rowIndexes }) => sum + (rowIndexes?.length ?? table.rowCount), 0);
  if (rowCount === slice.rowCount) return slice;
  return { ...slice, rowCount, tables: tables.filter(({ rowIndexes }) => rowIndexes?.length !== 0) };
}

function rowsOf({ table, rowIndexes }: TableSlice): Uint32Array {
  return rowIndexes ?? Uint32Array.from({ length: table.rowCount }, (_, row) => row);
}
