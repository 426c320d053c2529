import { ByteReader } from '@varve/base';
import { checksum, decodeColumn, decodeColumnInto } from '@varve/codec';
import type { NamedColumn, Version } from '@varve/model';
import type { ReadRoom } from '../read-room.ts';
import { rowVersions, type RowVersions } from '../row-versions.ts';
import { lowerBound, sliceRows, type VersionedRows } from '../rows.ts';
import type { SortedRows } from '../sorted-rows.ts';
import { sectionOf, type ChunkHeader } from './chunk-header.ts';
import { chunkInvalid, decodingChunk } from './chunk-invalid.ts';
import { ascends, KnownTimes } from './known-times.ts';
import { decodeCounts, decodeNumbers, readNumbers } from './numbers.ts';
import type { SharedPages } from './shared-pages.ts';

/** Of pages that queries read. */
const knownTimes = new KnownTimes();

/** Says whether a payload is the one that belongs to the header: asked once, when it comes from a store. @throws DbError CHUNK_INVALID */
export function checkPayload(header: ChunkHeader, payload: Uint8Array): void {
  if (payload.length === header.payloadSizeBytes && checksum(payload) === header.payloadChecksum) return;
  throw chunkInvalid('checksum of a chunk payload', { firstSeriesId: header.seriesIds[0], sizeBytes: payload.length });
}

/** The first block of a series, which others may follow; one of another series, or none, where it has none. */
export function firstBlockOf({ seriesIds }: ChunkHeader, seriesId: number): number {
  return lowerBound(seriesIds, seriesId);
}

/** The page that a block is in. */
export function pageOf({ pageStarts }: ChunkHeader, block: number): number {
  const page = lowerBound(pageStarts, block);
  return pageStarts[page] === block ? page : page - 1;
}

/** Whether the page holds this one block, so that its summaries are the block's. */
export function isAlone({ pageStarts }: ChunkHeader, page: number): boolean {
  return pageStarts[page + 1]! - pageStarts[page]! === 1;
}

/** Whether any row of the page has the field. */
export function hasField(header: ChunkHeader, page: number, field: number): boolean {
  const section = sectionOf(header, page) + 2 + field;
  return header.sectionStarts[section + 1]! > header.sectionStarts[section]!;
}

/** Where what is unpacked may lie. */
export interface ReadPlaces {
  /** For blocks that have a page of their own. */
  readonly room?: ReadRoom | undefined;
  /** For the others. All that read with it want the same fields. */
  readonly shared?: SharedPages<UnpackedPage> | undefined;
}

/**
 * The rows of a block, with the wanted of its fields (places in the header); in the room, if it has a page of its own.
 * @throws DbError CHUNK_INVALID, also when `versions` is read
 */
export function readBlock(header: ChunkHeader, payload: Uint8Array, block: number, fields: readonly number[], { room, shared }: ReadPlaces = {}): VersionedRows {
  const page = pageOf(header, block);
  const unpack = (): UnpackedPage => readPage(header, payload, page, fields);
  const rows = isAlone(header, page) ? readPage(header, payload, page, fields, room) : (shared?.of(header, page, unpack) ?? unpack());
  const pageRow = header.blockStarts[header.pageStarts[page]!]!;
  const [startRow, endRow] = [header.blockStarts[block]! - pageRow, header.blockStarts[block + 1]! - pageRow];
  checkTimes(header, { page, block, startRow, endRow }, rows);
  return sliceRows(rows, startRow, endRow);
}

/** Rows of all blocks of a page. Blocks are not looked into. @throws DbError CHUNK_INVALID, also when `versions` is read */
function readPage(header: ChunkHeader, payload: Uint8Array, page: number, fields: readonly number[], room?: ReadRoom): UnpackedPage {
  const rowCount = header.blockStarts[header.pageStarts[page + 1]!]! - header.blockStarts[header.pageStarts[page]!]!;
  const packedTimes = sectionBytes(header, payload, sectionOf(header, page));
  const known = room === undefined ? undefined : knownTimes.of(packedTimes, rowCount);
  const offsetsNs = room?.next(0, rowCount) ?? new Float64Array(rowCount);
  if (known === undefined) decodeNumbers(packedTimes, rowCount, offsetsNs);
  else offsetsNs.set(known);
  const columns: NamedColumn[] = [];
  for (const field of fields) {
    if (!hasField(header, page, field)) continue;
    const { name, type } = header.fields[field]!;
    const bytes = sectionBytes(header, payload, sectionOf(header, page) + 2 + field);
    const column = room === undefined ? decodeColumn(bytes, rowCount) : decodeColumnInto(bytes, rowCount, room.next(columns.length + 1, rowCount));
    if (column.type !== type) throw chunkInvalid(`${column.type} in a column of type ${type}`, { name });
    columns.push({ name, column });
  }
  return new UnpackedPage({ header, payload, page, rowCount }, { offsetsNs, columns, isAscending: known !== undefined });
}

/** All rows of a page, as blocks. @throws DbError CHUNK_INVALID */
export function readBlocks(header: ChunkHeader, payload: Uint8Array, page: number): SortedRows {
  const rows = readPage(header, payload, page, [...header.fields.keys()]);
  const [first, end] = [header.pageStarts[page]!, header.pageStarts[page + 1]!];
  const startRow = header.blockStarts[first]!;
  const starts = header.blockStarts.slice(first, end + 1).map((row) => row - startRow);
  for (let block = first; block < end; block += 1) {
    checkTimes(header, { page, block, startRow: starts[block - first]!, endRow: starts[block - first + 1]! }, rows);
  }
  return { seriesIds: header.seriesIds.subarray(first, end), starts, offsetsNs: rows.offsetsNs, columns: rows.columns, versions: rows.versions };
}

interface PageAt {
  readonly header: ChunkHeader;
  readonly payload: Uint8Array;
  readonly page: number;
  readonly rowCount: number;
}

/** Versions are unpacked on first use: most reads find one row per time, and never ask. */
export class UnpackedPage implements VersionedRows {
  readonly offsetsNs: Float64Array;
  readonly columns: readonly NamedColumn[];
  readonly isAscending: boolean;
  readonly #at: PageAt;
  #versions: RowVersions | undefined;

  constructor(at: PageAt, { offsetsNs, columns, isAscending }: Pick<UnpackedPage, 'offsetsNs' | 'columns' | 'isAscending'>) {
    this.#at = at;
    this.offsetsNs = offsetsNs;
    this.columns = columns;
    this.isAscending = isAscending;
  }

  get versions(): RowVersions {
    this.#versions ??= readVersions(this.#at);
    return this.#versions;
  }
}

function readVersions({ header, payload, page, rowCount }: PageAt): RowVersions {
  const versions = decodingChunk('versions', () => readDictionary(new ByteReader(payload.subarray(0, header.sectionStarts[0])), header.rowCount));
  const bytes = sectionBytes(header, payload, sectionOf(header, page) + 1);
  const ordinals = bytes.length === 0 ? new Uint32Array(rowCount) : Uint32Array.from(decodeCounts(bytes, rowCount));
  if (ordinals.some((ordinal) => ordinal >= versions.length)) throw chunkInvalid(`an ordinal beyond ${versions.length} versions`);
  return rowVersions(versions, ordinals);
}

function readDictionary(reader: ByteReader, rowCount: number): readonly Version[] {
  const count = reader.varint();
  if (count < 1 || count > rowCount) throw chunkInvalid(`${count} versions of ${rowCount} rows`);
  const [wallMs, counters, incarnations] = [readNumbers(reader, count), readNumbers(reader, count), readNumbers(reader, count)];
  return Array.from(wallMs, (ms, index) => ({ wallMs: ms, counter: counters[index]!, incarnation: incarnations[index]! }));
}

function sectionBytes({ sectionStarts }: ChunkHeader, payload: Uint8Array, section: number): Uint8Array {
  return payload.subarray(sectionStarts[section], sectionStarts[section + 1]);
}

interface BlockInPage {
  readonly page: number;
  readonly block: number;
  readonly startRow: number;
  readonly endRow: number;
}

/** Rows of a block ascend by time, those of one time follow each other; all are within what the header says of the page. */
function checkTimes({ minOffsetsNs, maxOffsetsNs, seriesIds }: ChunkHeader, { page, block, startRow, endRow }: BlockInPage, { offsetsNs, isAscending }: UnpackedPage): void {
  if (!isAscending && !ascends(offsetsNs.subarray(startRow, endRow))) throw chunkInvalid('times of a block do not ascend', { seriesId: seriesIds[block] });
  if (offsetsNs[startRow]! >= minOffsetsNs[page]! && offsetsNs[endRow - 1]! <= maxOffsetsNs[page]!) return;
  throw chunkInvalid('times of a page are not those of its header', { page });
}
