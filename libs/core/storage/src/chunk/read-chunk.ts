import { ByteReader } from '@varve/base';
import { checksum, decodeColumn } from '@varve/codec';
import type { NamedColumn, Version } from '@varve/model';
import { rowVersions, type RowVersions } from '../row-versions.ts';
import { lowerBound, sliceRows, type VersionedRows } from '../rows.ts';
import type { SortedRows } from '../sorted-rows.ts';
import { sectionOf, type ChunkHeader } from './chunk-header.ts';
import { chunkInvalid, decodingChunk } from './chunk-invalid.ts';
import { decodeNumbers, readNumbers } from './numbers.ts';

/** Says whether a payload is the one that belongs to the header: asked once, when it comes from a store. @throws DbError CHUNK_INVALID */
export function checkPayload(header: ChunkHeader, payload: Uint8Array): void {
  if (payload.length === header.payloadSizeBytes && checksum(payload) === header.payloadChecksum) return;
  throw chunkInvalid('checksum of a chunk payload', { firstSeriesId: header.seriesIds[0], sizeBytes: payload.length });
}

/** Blocks [first, end) of a series. */
export function blocksOf({ seriesIds }: ChunkHeader, seriesId: number): readonly [first: number, end: number] {
  const first = lowerBound(seriesIds, seriesId);
  let end = first;
  while (end < seriesIds.length && seriesIds[end] === seriesId) end += 1;
  return [first, end];
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

/** The rows of a block, with the wanted of its fields (places in the header). @throws DbError CHUNK_INVALID, also when `versions` is read */
export function readBlock(header: ChunkHeader, payload: Uint8Array, block: number, fields: readonly number[]): VersionedRows {
  const page = pageOf(header, block);
  const rows = readPage(header, payload, page, fields);
  const pageRow = header.blockStarts[header.pageStarts[page]!]!;
  const alone = sliceRows(rows, header.blockStarts[block]! - pageRow, header.blockStarts[block + 1]! - pageRow);
  if (!isAscending(alone.offsetsNs, 0, alone.offsetsNs.length)) throw chunkInvalid('times of a block do not ascend', { seriesId: header.seriesIds[block] });
  return alone;
}

/** Rows of all blocks of a page. Blocks are not looked into. @throws DbError CHUNK_INVALID, also when `versions` is read */
export function readPage(header: ChunkHeader, payload: Uint8Array, page: number, fields: readonly number[]): VersionedRows {
  const rowCount = header.blockStarts[header.pageStarts[page + 1]!]! - header.blockStarts[header.pageStarts[page]!]!;
  const offsetsNs = decodeNumbers(sectionBytes(header, payload, sectionOf(header, page)), rowCount);
  checkTimes(header, page, offsetsNs);
  const columns: NamedColumn[] = [];
  for (const field of fields) {
    if (!hasField(header, page, field)) continue;
    const { name, type } = header.fields[field]!;
    const column = decodeColumn(sectionBytes(header, payload, sectionOf(header, page) + 2 + field), rowCount);
    if (column.type !== type) throw chunkInvalid(`${column.type} in a column of type ${type}`, { name });
    columns.push({ name, column });
  }
  return new UnpackedPage({ header, payload, page, rowCount }, offsetsNs, columns);
}

/** All rows of a page, as blocks. @throws DbError CHUNK_INVALID */
export function readBlocks(header: ChunkHeader, payload: Uint8Array, page: number): SortedRows {
  const rows = readPage(header, payload, page, [...header.fields.keys()]);
  const [first, end] = [header.pageStarts[page]!, header.pageStarts[page + 1]!];
  const startRow = header.blockStarts[first]!;
  const blocks = {
    seriesIds: header.seriesIds.subarray(first, end),
    starts: header.blockStarts.slice(first, end + 1).map((row) => row - startRow),
    ...{ offsetsNs: rows.offsetsNs, columns: rows.columns, versions: rows.versions },
  };
  for (let block = 0; block < blocks.seriesIds.length; block += 1) {
    if (!isAscending(blocks.offsetsNs, blocks.starts[block]!, blocks.starts[block + 1]!)) throw chunkInvalid('times of a block do not ascend', { seriesId: blocks.seriesIds[block] });
  }
  return blocks;
}

interface PageAt {
  readonly header: ChunkHeader;
  readonly payload: Uint8Array;
  readonly page: number;
  readonly rowCount: number;
}

/** Versions are unpacked on first use: most reads find one row per time, and never ask. */
class UnpackedPage implements VersionedRows {
  readonly offsetsNs: Float64Array;
  readonly columns: readonly NamedColumn[];
  readonly #at: PageAt;
  #versions: RowVersions | undefined;

  constructor(at: PageAt, offsetsNs: Float64Array, columns: readonly NamedColumn[]) {
    this.#at = at;
    this.offsetsNs = offsetsNs;
    this.columns = columns;
  }

  get versions(): RowVersions {
    this.#versions ??= readVersions(this.#at);
    return this.#versions;
  }
}

function readVersions({ header, payload, page, rowCount }: PageAt): RowVersions {
  const versions = decodingChunk('versions', () => readDictionary(new ByteReader(payload.subarray(0, header.sectionStarts[0])), header.rowCount));
  const bytes = sectionBytes(header, payload, sectionOf(header, page) + 1);
  const ordinals = bytes.length === 0 ? new Uint32Array(rowCount) : Uint32Array.from(decodeNumbers(bytes, rowCount));
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

function checkTimes({ minOffsetsNs, maxOffsetsNs }: ChunkHeader, page: number, offsetsNs: Float64Array): void {
  const [minNs, maxNs] = [minOffsetsNs[page]!, maxOffsetsNs[page]!];
  for (let row = 0; row < offsetsNs.length; row += 1) {
    const offsetNs = offsetsNs[row]!;
    if (!(offsetNs >= minNs && offsetNs <= maxNs)) throw chunkInvalid('times of a page are not those of its header', { page });
  }
}

/** Rows [startRow, endRow): versions of one time follow each other. */
function isAscending(offsetsNs: Float64Array, startRow: number, endRow: number): boolean {
  for (let row = startRow + 1; row < endRow; row += 1) if (offsetsNs[row]! < offsetsNs[row - 1]!) return false;
  return true;
}
