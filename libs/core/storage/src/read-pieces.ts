import { assert } from '@varve/base';
import type { SeriesSlice, SeriesSummary } from '@varve/model';
import type { ChunkHeader } from './chunk/chunk-header.ts';
import { namingChunk } from './chunk/chunk-invalid.ts';
import { PageRoom } from './chunk/page-room.ts';
import { hasNumbers, summaryOf } from './chunk/page-summaries.ts';
import { blocksOf, hasField, isAlone, pageOf, readBlock } from './chunk/read-chunk.ts';
import type { StoredChunkLike } from './directory/chunk-tree.ts';
import { readRows, rowsWithin, sliceRows, type OffsetRange, type VersionedRows } from './rows.ts';
import { mayHide, type HeldTombstone } from './tombstones.ts';
import { visibleRows } from './visible-rows.ts';

/**
 * What a reader gets of a series, one piece after the other in time: rows, or, for a page that nothing overlaps and whose
 * cells are all in the range, what its rows come to.
 */
export type SeriesPiece = SeriesSlice | SeriesSummary;

/** The bytes of chunks, checked, as far as they are at hand. */
export interface ChunkBytes {
  header(chunkId: number): ChunkHeader | undefined;
  payload(chunkId: number): Uint8Array | undefined;
}

/** What is asked of a series. */
export interface SeriesRead {
  readonly seriesId: number;
  readonly range: OffsetRange;
  /** undefined: all that there are. */
  readonly fields: ReadonlySet<string> | undefined;
  /** Whether a summary of everything between two times, both inclusive, is as good as the rows. Absent: never. */
  readonly maySummarize?: ((minOffsetNs: number, maxOffsetNs: number) => boolean) | undefined;
  /** Whether any of some rows can be wanted, by what their fields come to; a field that is not named has no cells. Absent: all are. */
  readonly mayPass?: ((fields: SeriesSummary['fields']) => boolean) | undefined;
  /** Nobody looks at the rows any more when something else is read: their arrays may be used again. */
  readonly isBrief?: boolean | undefined;
}

/** A block of a chunk, or what a memtable has. */
export type Source = { readonly minNs: number; readonly maxNs: number } & (
  | {
      readonly kind: 'block';
      readonly chunkId: number;
      readonly header: ChunkHeader;
      readonly block: number;
      readonly page: number;
      readonly fields: readonly number[];
      /** Tombstones that may hide rows of it. */
      readonly hiding: readonly HeldTombstone[];
    }
  | { readonly kind: 'rows'; readonly rows: VersionedRows }
);

/** What a read needs: sources that overlap in time are merged, one group after the other. */
export interface ReadPlan {
  readonly groups: readonly SourceGroup[];
  /** Bytes that must be fetched first; where headers are missing, payloads are not known yet. */
  readonly missingHeaders: readonly StoredChunkLike[];
  readonly missingPayloads: readonly number[];
}

/** Sources that overlap in time; those of one group do not overlap those of another. */
interface SourceGroup {
  readonly sources: readonly Source[];
  /** The only source, where its summary says all that is wanted of it. */
  readonly summary: (Source & { readonly kind: 'block' }) | undefined;
}

/** Where the rows of a series are, and what hides some. */
export interface SeriesPlaces {
  readonly chunks: readonly StoredChunkLike[];
  readonly memtables: readonly VersionedRows[];
  readonly tombstones: readonly HeldTombstone[];
}

/** Finds out which rows a read needs. Without I/O: the headers of these chunks may be missing. */
export function planRead(read: SeriesRead, { chunks, memtables, tombstones }: SeriesPlaces, bytes: ChunkBytes): ReadPlan {
  const missingHeaders = chunks.filter(({ chunkId }) => bytes.header(chunkId) === undefined);
  if (missingHeaders.length > 0) return { groups: [], missingHeaders, missingPayloads: [] };
  const sources: Source[] = [];
  for (const chunk of chunks) sources.push(...blockSources(read, chunk, { header: bytes.header(chunk.chunkId)!, tombstones }));
  for (const rows of memtables) sources.push(...rowSource(rows, read.range, tombstones));
  const groups: SourceGroup[] = [];
  const needed = new Set<number>();
  for (const overlap of overlapping(sources)) {
    if (!mayPass(read, overlap)) continue;
    const summary = summarySource(read, overlap);
    groups.push({ sources: overlap, summary });
    if (summary !== undefined) continue;
    for (const source of overlap) if (source.kind === 'block' && bytes.payload(source.chunkId) === undefined) needed.add(source.chunkId);
  }
  return { groups, missingHeaders, missingPayloads: [...needed] };
}

/** Reads what was planned, in the order of time. @throws DbError CHUNK_INVALID */
export function* readPieces(read: SeriesRead, { groups }: ReadPlan, bytes: ChunkBytes): Generator<SeriesPiece> {
  const room = roomFor(groups, read.isBrief === true);
  let pending: VersionedRows[] = [];
  for (const { sources, summary } of groups) {
    if (summary === undefined) {
      for (const source of sources) pending.push(rowsOf(read, source, bytes, room));
      continue;
    }
    if (pending.length > 0) yield readRows(pending);
    pending = [];
    yield summaryPiece(summary);
  }
  if (pending.length > 0) yield readRows(pending);
}

/** Whether a read has any row; undefined: bytes are missing that would tell. What no tombstone may hide is not read. @throws DbError CHUNK_INVALID */
export function hasRows(read: SeriesRead, plan: ReadPlan, bytes: ChunkBytes): boolean | undefined {
  const sources = plan.groups.flatMap((group) => group.sources);
  if (sources.some((source) => source.kind === 'rows' || source.hiding.length === 0)) return true;
  if (plan.missingHeaders.length > 0 || plan.missingPayloads.length > 0) return undefined;
  for (const piece of readPieces(read, plan, bytes)) if ('rowCount' in piece || piece.offsetsNs.length > 0) return true;
  return false;
}

/** For the blocks that have a page of their own. */
function roomFor(groups: readonly SourceGroup[], isBrief: boolean): PageRoom {
  let rowCount = 0;
  let fieldCount = 0;
  for (const { sources, summary } of groups) {
    if (summary !== undefined) continue;
    for (const source of sources) {
      if (source.kind !== 'block' || !isAlone(source.header, source.page)) continue;
      rowCount += source.header.blockStarts[source.block + 1]! - source.header.blockStarts[source.block]!;
      fieldCount = Math.max(fieldCount, source.fields.length);
    }
  }
  return new PageRoom(rowCount, 1 + fieldCount, isBrief);
}

/** Blocks that have any of the fields, in the range. */
export function blockSources(
  { seriesId, range, fields }: Pick<SeriesRead, 'seriesId' | 'range' | 'fields'>,
  { chunkId, writtenSeq }: StoredChunkLike,
  { header, tombstones }: { readonly header: ChunkHeader; readonly tombstones: readonly HeldTombstone[] },
): (Source & { readonly kind: 'block' })[] {
  const later = tombstones.length === 0 ? tombstones : tombstones.filter(({ seq }) => seq > writtenSeq);
  const wanted: number[] = [];
  for (let field = 0; field < header.fields.length; field += 1) if (fields === undefined || fields.has(header.fields[field]!.name)) wanted.push(field);
  const sources: (Source & { readonly kind: 'block' })[] = [];
  const [first, end] = blocksOf(header, seriesId);
  for (let block = first; block < end; block += 1) {
    const page = pageOf(header, block);
    const minNs = header.minOffsetsNs[page]!;
    const maxNs = header.maxOffsetsNs[page]!;
    if (minNs >= range.endOffsetNs || maxNs < range.startOffsetNs) continue;
    const inPage = wanted.every((field) => hasField(header, page, field)) ? wanted : wanted.filter((field) => hasField(header, page, field));
    const hiding = later.length === 0 ? later : later.filter((each) => mayHide(each, { minNs, maxNs }));
    if (inPage.length > 0) sources.push({ kind: 'block', minNs, maxNs, chunkId, header, block, page, fields: inPage, hiding });
  }
  return sources;
}

export function rowSource(rows: VersionedRows, range: OffsetRange, tombstones: readonly HeldTombstone[]): Source[] {
  const cut = visibleRows(sliceRows(rows, ...rowsWithin(rows, range)), tombstones);
  if (cut.offsetsNs.length === 0 || cut.columns.length === 0) return [];
  return [{ kind: 'rows', minNs: cut.offsetsNs[0]!, maxNs: cut.offsetsNs.at(-1)!, rows: cut }];
}

/** Groups in the order of time: no source of one overlaps one of another. A page that others share counts with all of its times. */
function overlapping(sources: readonly Source[]): readonly (readonly Source[])[] {
  const groups: Source[][] = [];
  let endNs = -1;
  const isSorted = sources.every((source, index) => index === 0 || sources[index - 1]!.minNs <= source.minNs);
  for (const source of isSorted ? sources : sources.toSorted((left, right) => left.minNs - right.minNs)) {
    if (source.minNs > endNs) groups.push([source]);
    else groups.at(-1)!.push(source);
    endNs = Math.max(endNs, source.maxNs);
  }
  return groups;
}

/** Whether rows of a group can be wanted: of a page that nothing overlaps its summary may say that none is. */
function mayPass({ mayPass: test }: SeriesRead, sources: readonly Source[]): boolean {
  const source = sources[0]!;
  if (test === undefined || sources.length > 1 || source.kind !== 'block' || !isAlone(source.header, source.page)) return true;
  return test(summariesOf(source));
}

/** The only one of some sources that overlap, if its summary says all that is wanted. */
function summarySource({ range, maySummarize }: SeriesRead, sources: readonly Source[]): SourceGroup['summary'] {
  const source = sources[0]!;
  if (maySummarize === undefined || sources.length > 1 || source.kind !== 'block') return undefined;
  const { header, page, minNs, maxNs, fields, hiding } = source;
  if (hiding.length > 0 || !isAlone(header, page) || minNs < range.startOffsetNs || maxNs >= range.endOffsetNs || !maySummarize(minNs, maxNs)) return undefined;
  const isKnown = fields.every((field) => {
    const { type, summaries } = header.fields[field]!;
    return type === 'string' || type === 'boolean' || (summaries.numbers !== undefined && hasNumbers(summaries.numbers, page));
  });
  return isKnown ? source : undefined;
}

function summaryPiece(source: Source & { readonly kind: 'block' }): SeriesSummary {
  const { header, block, minNs, maxNs } = source;
  return {
    minOffsetNs: minNs,
    maxOffsetNs: maxNs,
    rowCount: header.blockStarts[block + 1]! - header.blockStarts[block]!,
    fields: summariesOf(source),
  };
}

function summariesOf({ header, page, fields }: Source & { readonly kind: 'block' }): SeriesSummary['fields'] {
  return fields.map((field) => {
    const { name, type, summaries } = header.fields[field]!;
    return { name, type, summary: summaryOf(summaries, page) };
  });
}

export function rowsOf({ range }: Pick<SeriesRead, 'range'>, source: Source, bytes: ChunkBytes, room?: PageRoom): VersionedRows {
  if (source.kind === 'rows') return source.rows;
  const payload = bytes.payload(source.chunkId);
  assert(payload !== undefined, `payload of chunk ${source.chunkId} was not fetched`);
  const rows = namingChunk(source.chunkId, () => readBlock(source.header, payload, source.block, source.fields, room));
  return visibleRows(sliceRows(rows, ...rowsWithin(rows, range)), source.hiding);
}
