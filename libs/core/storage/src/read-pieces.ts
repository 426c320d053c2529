import { assert } from '@varve/base';
import { hasNumbers, type SeriesRow, type SeriesSlice, type SeriesSummaries } from '@varve/model';
import type { ChunkField, ChunkHeader } from './chunk/chunk-header.ts';
import { namingChunk } from './chunk/chunk-invalid.ts';
import { firstBlockOf, hasField, isAlone, pageOf, readBlock } from './chunk/read-chunk.ts';
import type { StoredChunkLike } from './directory/chunk-tree.ts';
import { onlyRowOf, sourcesOfRow, type OnlyRow } from './only-row.ts';
import { ReadRoom } from './read-room.ts';
import { readRows, rowsWithin, sliceRows, type OffsetRange, type VersionedRows } from './rows.ts';
import { mayHide, type HeldTombstone } from './tombstones.ts';
import { visibleRows } from './visible-rows.ts';
import type { FieldsOfChunk, WantedFields } from './wanted-fields.ts';

/**
 * What a reader gets of a series, one piece after the other in time: rows, or, for pages that nothing overlaps and whose
 * cells are all in the range, what their rows come to; or the only row that is wanted.
 */
export type SeriesPiece = SeriesSlice | SeriesRow | SeriesSummaries;

/** The bytes of chunks, checked, as far as they are at hand. */
export interface ChunkBytes {
  header(chunkId: number): ChunkHeader | undefined;
  payload(chunkId: number): Uint8Array | undefined;
}

/** What is asked of a series. */
export interface SeriesRead {
  readonly seriesId: number;
  readonly range: OffsetRange;
  readonly fields: WantedFields;
  /** Whether a summary of everything between two times, both inclusive, is as good as the rows. Absent: never. */
  readonly maySummarize?: ((minOffsetNs: number, maxOffsetNs: number) => boolean) | undefined;
  /** Whether any of some rows can be wanted, by what their fields come to at a place; a field that is not named has no cells. Absent: all are. */
  readonly mayPass?: ((fields: SeriesSummaries['fields'], at: number) => boolean) | undefined;
  /** Only this one of the rows that have any of the fields is wanted: others may be left out. */
  readonly onlyRow?: OnlyRow | undefined;
  /** Nobody looks at the rows any more when something else is read: their arrays may be used again. */
  readonly isBrief?: boolean | undefined;
}

/** A block of a chunk, or what a memtable has. */
export type Source = BlockSource | HeldSource;

export interface BlockSource {
  readonly kind: 'block';
  readonly minNs: number;
  maxNs: number;
  readonly chunkId: number;
  readonly header: ChunkHeader;
  readonly block: number;
  readonly page: number;
  readonly wanted: FieldsOfChunk;
  /** Of the wanted ones, those that the page has: one at least. */
  readonly fields: readonly ChunkField[];
  /** Tombstones that may hide rows of it. */
  readonly hiding: readonly HeldTombstone[];
  /** Its summary says all that is wanted of it, unless something else of the series overlaps it. */
  isSummed: boolean;
  /** Summed together: of blocks that follow each other, each with a page of its own, this is the first one. */
  pageCount: number;
}

export interface HeldSource {
  readonly kind: 'held';
  readonly minNs: number;
  readonly maxNs: number;
  readonly rows: HeldRows;
  /** Tombstones that may hide rows of it. */
  readonly hiding: readonly HeldTombstone[];
}

/** What a read needs. */
export interface ReadPlan {
  /** In the order of time; those that overlap are merged. */
  readonly sources: readonly Source[];
  /** Bytes that must be fetched first; where headers are missing, payloads are not known yet. */
  readonly missingHeaders: readonly StoredChunkLike[];
  readonly missingPayloads: readonly number[];
}

/** Rows of a series in the range asked for, with any of the fields; they are unpacked only when they are read. */
export interface HeldRows {
  readonly rowCount: number;
  /** Of their times, both inclusive. */
  readonly minNs: number;
  readonly maxNs: number;
  /** In any order; in the room, as far as they are numbers. */
  unpack(fields: WantedFields, room?: ReadRoom): VersionedRows;
}

/** Where the rows of a series are, and what hides some. */
export interface SeriesPlaces {
  readonly chunks: readonly StoredChunkLike[];
  readonly memtables: readonly HeldRows[];
  readonly tombstones: readonly HeldTombstone[];
}

/** Finds out which rows a read needs. Without I/O: the headers of these chunks may be missing. */
export function planRead(read: SeriesRead, { chunks, memtables, tombstones }: SeriesPlaces, bytes: ChunkBytes): ReadPlan {
  const missingHeaders: StoredChunkLike[] = [];
  const found: Source[] = [];
  for (const chunk of chunks) {
    const header = bytes.header(chunk.chunkId);
    if (header === undefined) missingHeaders.push(chunk);
    else addBlocks(found, read, chunk, { header, tombstones });
  }
  if (missingHeaders.length > 0) return { sources: [], missingHeaders, missingPayloads: [] };
  for (const rows of memtables) found.push(heldSource(rows, tombstones));
  const sources = read.onlyRow === undefined ? chosenSources(read, inOrder(found)) : sourcesOfRow(read.onlyRow, read, inOrder(found));
  return { sources, missingHeaders, missingPayloads: missingPayloads(sources, bytes) };
}

/** Reads what was planned, in the order of time. @throws DbError CHUNK_INVALID */
export function readPieces(read: SeriesRead, { sources }: ReadPlan, bytes: ChunkBytes): SeriesPiece[] {
  let room: ReadRoom | undefined;
  const pieces: SeriesPiece[] = [];
  let pending: VersionedRows[] = [];
  for (const source of sources) {
    if (source.kind === 'held' || !source.isSummed) pending.push(rowsOf(read, source, bytes, (room ??= roomFor(read, sources))));
    else {
      if (pending.length > 0) pieces.push(readRows(pending));
      pending = [];
      pieces.push(read.onlyRow === undefined ? summariesOf(source) : onlyRowOf(source, read.onlyRow));
    }
  }
  if (pending.length > 0) pieces.push(readRows(pending));
  return pieces;
}

/** Whether a read has any row; undefined: bytes are missing that would tell. What no tombstone may hide is not read. @throws DbError CHUNK_INVALID */
export function hasRows(read: SeriesRead, plan: ReadPlan, bytes: ChunkBytes): boolean | undefined {
  if (plan.sources.some((source) => source.hiding.length === 0 || (source.kind === 'held' && rowsOf(read, source, bytes).offsetsNs.length > 0))) return true;
  if (plan.missingHeaders.length > 0 || plan.missingPayloads.length > 0) return undefined;
  return readPieces(read, plan, bytes).some((piece) => 'rowCounts' in piece || piece.offsetsNs.length > 0);
}

/** For what memtables have, and the blocks that have a page of their own. */
function roomFor({ fields, isBrief = false }: SeriesRead, sources: readonly Source[]): ReadRoom {
  let rowCount = 0;
  let fieldCount = 0;
  for (const source of sources) {
    if (source.kind === 'held') {
      rowCount += source.rows.rowCount;
      fieldCount = Math.max(fieldCount, fields.names?.size ?? 0);
    } else if (!source.isSummed && isAlone(source.header, source.page)) {
      rowCount += source.header.blockStarts[source.block + 1]! - source.header.blockStarts[source.block]!;
      fieldCount = Math.max(fieldCount, source.fields.length);
    }
  }
  return new ReadRoom(rowCount, 1 + fieldCount, isBrief);
}

/** Adds the blocks of a series that have any of the fields, in the range. */
export function addBlocks(
  sources: Pick<BlockSource[], 'push'>,
  read: Pick<SeriesRead, 'seriesId' | 'range' | 'fields' | 'maySummarize'>,
  { chunkId, writtenSeq }: StoredChunkLike,
  { header, tombstones }: { readonly header: ChunkHeader; readonly tombstones: readonly HeldTombstone[] },
): void {
  const { seriesId, range, fields } = read;
  const later = tombstones.length === 0 ? tombstones : tombstones.filter(({ seq }) => seq > writtenSeq);
  const wanted = fields.of(header);
  const { seriesIds, pageStarts } = header;
  const first = firstBlockOf(header, seriesId);
  let page = pageOf(header, first);
  /** Those that are summed may grow. */
  let last: BlockSource | undefined;
  for (let block = first; seriesIds[block] === seriesId; block += 1) {
    if (pageStarts[page + 1] === block) page += 1;
    const minNs = header.minOffsetsNs[page]!;
    const maxNs = header.maxOffsetsNs[page]!;
    if (minNs >= range.endOffsetNs || maxNs < range.startOffsetNs) continue;
    const inPage = fieldsIn(header, page, wanted);
    if (inPage.length === 0) continue;
    const hiding = later.length === 0 ? later : later.filter((each) => mayHide(each, { minNs, maxNs }));
    const isSummed = isAlone(header, page) && saysAll(read, { minNs, maxNs, page, fields: inPage, hiding });
    if (isSummed && last?.isSummed === true && last.page + last.pageCount === page && last.fields === inPage && last.maxNs < minNs) {
      last.pageCount += 1;
      last.maxNs = maxNs;
      continue;
    }
    last = { kind: 'block', minNs, maxNs, chunkId, header, block, page, wanted, fields: inPage, hiding, isSummed, pageCount: 1 };
    sources.push(last);
  }
}

/** Nearly always a page has all of them. */
function fieldsIn(header: ChunkHeader, page: number, { fields, places }: FieldsOfChunk): readonly ChunkField[] {
  for (const place of places) if (!hasField(header, page, place)) return fields.filter((_, index) => hasField(header, page, places[index]!));
  return fields;
}

/** What a memtable has in the range. */
export function heldSource(rows: HeldRows, tombstones: readonly HeldTombstone[]): HeldSource {
  const { minNs, maxNs } = rows;
  return { kind: 'held', minNs, maxNs, rows, hiding: tombstones.filter((each) => mayHide(each, { minNs, maxNs })) };
}

function inOrder(sources: Source[]): readonly Source[] {
  for (let index = 1; index < sources.length; index += 1) {
    if (sources[index]!.minNs < sources[index - 1]!.minNs) return sources.sort((left, right) => left.minNs - right.minNs);
  }
  return sources;
}

/**
 * Of pages that nothing overlaps summaries may say that none of their rows is wanted, or stand for them. A page that others share
 * counts with all of its times.
 */
function chosenSources(read: SeriesRead, found: readonly Source[]): readonly Source[] {
  if (read.maySummarize === undefined && read.mayPass === undefined) return found;
  const sources = areApart(found) ? found : inOrder(found.flatMap(withoutOthers));
  const chosen: Source[] = [];
  let reachedNs = -1;
  for (let index = 0; index < sources.length; index += 1) {
    const source = sources[index]!;
    const isApart = source.minNs > reachedNs && (index + 1 === sources.length || sources[index + 1]!.minNs > source.maxNs);
    reachedNs = Math.max(reachedNs, source.maxNs);
    if (source.kind === 'block') {
      if (!isApart) source.isSummed = false;
      else if (read.mayPass !== undefined && source.pageCount === 1 && isAlone(source.header, source.page) && !read.mayPass(source.fields, source.page)) continue;
    }
    chosen.push(source);
  }
  return chosen;
}

/** Of sources in the order of time. */
function areApart(sources: readonly Source[]): boolean {
  for (let index = 1; index < sources.length; index += 1) if (sources[index]!.minNs <= sources[index - 1]!.maxNs) return false;
  return true;
}

/** Blocks that are summed together, one by one. */
function withoutOthers(source: Source): Source[] {
  if (source.kind === 'held' || source.pageCount === 1) return [source];
  const { header: { minOffsetsNs, maxOffsetsNs }, block, page } = source;
  return Array.from({ length: source.pageCount }, (_, index) => ({ ...source, minNs: minOffsetsNs[page + index]!, maxNs: maxOffsetsNs[page + index]!, block: block + index, page: page + index, pageCount: 1 }));
}

/** Whether the summary of a page says all that is wanted, if nothing overlaps it. */
function saysAll({ range, maySummarize }: Pick<SeriesRead, 'range' | 'maySummarize'>, { minNs, maxNs, page, fields, hiding }: Pick<BlockSource, 'minNs' | 'maxNs' | 'page' | 'fields' | 'hiding'>): boolean {
  if (maySummarize === undefined || hiding.length > 0 || minNs < range.startOffsetNs || maxNs >= range.endOffsetNs || !maySummarize(minNs, maxNs)) return false;
  for (const { type, summaries } of fields) if (type !== 'string' && type !== 'boolean' && !hasNumbers(summaries, page)) return false;
  return true;
}

function missingPayloads(sources: readonly Source[], bytes: ChunkBytes): readonly number[] {
  const missing: number[] = [];
  for (const source of sources) {
    if (source.kind === 'block' && !source.isSummed && bytes.payload(source.chunkId) === undefined && !missing.includes(source.chunkId)) missing.push(source.chunkId);
  }
  return missing;
}

function summariesOf({ header: { blockStarts, minOffsetsNs, maxOffsetsNs }, block, page, pageCount, fields }: BlockSource): SeriesSummaries {
  const rowCounts: number[] = [];
  for (let index = block; index < block + pageCount; index += 1) rowCounts.push(blockStarts[index + 1]! - blockStarts[index]!);
  return { start: page, end: page + pageCount, minOffsetsNs, maxOffsetsNs, rowCounts, fields };
}

/** The visible rows of a source in the range, in any order. @throws DbError CHUNK_INVALID */
export function rowsOf({ range, fields }: Pick<SeriesRead, 'range' | 'fields'>, source: Source, bytes: ChunkBytes, room?: ReadRoom): VersionedRows {
  if (source.kind === 'held') return visibleRows(source.rows.unpack(fields, room), source.hiding);
  const payload = bytes.payload(source.chunkId);
  assert(payload !== undefined, `payload of chunk ${source.chunkId} was not fetched`);
  const rows = namingChunk(source.chunkId, () => readBlock(source.header, payload, source.block, source.wanted.places, { room, shared: fields.sharedPages }));
  return visibleRows(sliceRows(rows, ...rowsWithin(rows, range)), source.hiding);
}
