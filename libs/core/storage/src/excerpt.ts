import type { TimestampNs } from '@varve/base';
import { rowCountIn, type StoredChunkLike } from './directory/chunk-tree.ts';
import { planRead, type ChunkBytes, type HeldRows, type ReadPlan, type SeriesPlaces, type SeriesRead } from './read-pieces.ts';
import { mergeRows, rowsWithin, sliceRows, type OffsetRange, type VersionedRows } from './rows.ts';
import type { WantedFields } from './wanted-fields.ts';

/**
 * Where the rows of some series are in a shard, without the bytes of its chunks: plain data, which may be read elsewhere. Nothing hides
 * any of these rows. What it says stays true of the instant at which it was taken.
 */
export interface Excerpt {
  /** The shard's start. */
  readonly startNs: TimestampNs;
  /** Those that may have rows of any of the series in the range. */
  readonly chunks: readonly StoredChunkLike[];
  /** What memtables have of series in the range, in normal form, with arrays of its own: of a view, its whole buffer would be cloned. */
  readonly memtableRows: ReadonlyMap<number, readonly VersionedRows[]>;
}

/** What a live system has in memtables between two flushes; of more, copying costs as much as reading. */
export const EXCERPT_ROW_COUNT_MAX = 65_536;

/** The excerpt of some series: what is in several of their places stands in it once. */
export function takeExcerpt(startNs: TimestampNs, seriesIds: Iterable<number>, fields: WantedFields, placesOf: (seriesId: number) => Omit<SeriesPlaces, 'tombstones'>): Excerpt {
  const all = new Set<StoredChunkLike>();
  const memtableRows = new Map<number, readonly VersionedRows[]>();
  for (const seriesId of seriesIds) {
    const { chunks, memtables } = placesOf(seriesId);
    for (const chunk of chunks) all.add(chunk);
    const rows = memtables.map((held) => mergeRows([held.unpack(fields)])).filter(({ offsetsNs }) => offsetsNs.length > 0);
    if (rows.length > 0) memtableRows.set(seriesId, rows);
  }
  return { startNs, chunks: [...all], memtableRows };
}

/** What a range has of rows that ascend by time. */
function heldRows(rows: VersionedRows, range: OffsetRange): readonly HeldRows[] {
  const cut = sliceRows(rows, ...rowsWithin(rows, range));
  const { offsetsNs } = cut;
  return offsetsNs.length === 0 ? [] : [{ rowCount: offsetsNs.length, minNs: offsetsNs[0]!, maxNs: offsetsNs.at(-1)!, unpack: () => cut }];
}

/** Chunks of an excerpt that may have rows of a series in a range. */
function chunksOf({ chunks }: Excerpt, seriesId: number, { startOffsetNs, endOffsetNs }: OffsetRange): readonly StoredChunkLike[] {
  return chunks.filter(
    ({ firstSeriesId, lastSeriesId, minOffsetNs, maxOffsetNs }) => firstSeriesId <= seriesId && seriesId <= lastSeriesId && minOffsetNs < endOffsetNs && startOffsetNs <= maxOffsetNs,
  );
}

/** As `ShardTable.planRead`. @throws DbError CHUNK_INVALID */
export function planExcerptRead(excerpt: Excerpt, read: SeriesRead, bytes: ChunkBytes): ReadPlan {
  const memtables = (excerpt.memtableRows.get(read.seriesId) ?? []).flatMap((rows) => heldRows(rows, read.range));
  return planRead(read, { chunks: chunksOf(excerpt, read.seriesId, read.range), memtables, tombstones: [] }, bytes);
}

/** As `ShardTable.chunkRowCountIn`. */
export function excerptRowCountIn(excerpt: Excerpt, seriesId: number, range: OffsetRange): number {
  return rowCountIn(chunksOf(excerpt, seriesId, range), range);
}

/** As `ShardTable.timesOf`, of rows in the range of the excerpt. */
export function timesInExcerpt(excerpt: Excerpt, seriesId: number): { readonly minOffsetNs: number; readonly maxOffsetNs: number } | undefined {
  let [minOffsetNs, maxOffsetNs] = [Infinity, -Infinity];
  for (const chunk of chunksOf(excerpt, seriesId, EVERYTHING)) [minOffsetNs, maxOffsetNs] = [Math.min(minOffsetNs, chunk.minOffsetNs), Math.max(maxOffsetNs, chunk.maxOffsetNs)];
  for (const { offsetsNs } of excerpt.memtableRows.get(seriesId) ?? []) [minOffsetNs, maxOffsetNs] = [Math.min(minOffsetNs, offsetsNs[0]!), Math.max(maxOffsetNs, offsetsNs.at(-1)!)];
  return minOffsetNs > maxOffsetNs ? undefined : { minOffsetNs, maxOffsetNs };
}

const EVERYTHING: OffsetRange = { startOffsetNs: -Infinity, endOffsetNs: Infinity };
