import { assert, ByteReader, ByteWriter } from '@varve/base';
import { checksum } from '@varve/codec';
import type { FieldType, SummarizedField, Version } from '@varve/model';
import { chunkInvalid, decodingChunk } from './chunk-invalid.ts';
import { readNumbers, writeNumbers } from './numbers.ts';
import { readSummaries, writeSummaries } from './page-summaries.ts';

/** Bounds what a damaged header can ask for; a chunk is cut at a fraction of it. */
export const CHUNK_ROW_COUNT_LIMIT = 65_536;
/** The same: times, versions and columns of all pages. A row of more fields has a chunk of its own. */
const SECTION_COUNT_LIMIT = 1_048_576;

const UINT32_MAX = 2 ** 32 - 1;
const FORMAT = 2;
const CHECKSUM_SIZE_BYTES = 4;
const TYPES: readonly FieldType[] = ['float', 'integer', 'boolean', 'string'];

/** A field of a chunk, with the summaries of the pages of one block that have it. */
export type ChunkField = SummarizedField;

/**
 * What is known of a chunk without its payload: which rows are in which page, and what they come to. Source:
 * docs/formats/chunk.md.
 */
export interface ChunkHeader {
  /** How often its rows were merged. */
  readonly tier: number;
  /** Rows, not times: one time has a row per version that still shows. */
  readonly rowCount: number;
  /** The greatest version in it. */
  readonly maxVersion: Version;
  readonly payloadSizeBytes: number;
  readonly payloadChecksum: number;
  readonly fields: readonly ChunkField[];
  /** Page → its first block; one more at the end. */
  readonly pageStarts: Uint32Array;
  /** Page → its times, both inclusive. */
  readonly minOffsetsNs: Float64Array;
  readonly maxOffsetsNs: Float64Array;
  /** Block → its series, ascending. */
  readonly seriesIds: Uint32Array;
  /** Block → its first row in the chunk; one more at the end. */
  readonly blockStarts: Uint32Array;
  /**
   * Where the sections of the payload start: the dictionary of versions ends where page 0 starts. A page's sections are its
   * times, its versions and each field's column; one more at the end.
   */
  readonly sectionStarts: Uint32Array;
}

/** Pages of a chunk. */
export function pageCountOf({ pageStarts }: ChunkHeader): number {
  return pageStarts.length - 1;
}

/** The place of a page's times in `sectionStarts`; its versions come behind, then its columns. */
export function sectionOf({ fields }: ChunkHeader, page: number): number {
  return page * (fields.length + 2);
}

/** Writes a header; the checksum over all of it comes last. */
export function encodeChunkHeader(header: ChunkHeader): Uint8Array {
  const { tier, rowCount, fields, maxVersion, sectionStarts, seriesIds, pageStarts } = header;
  const pageCount = pageCountOf(header);
  assert(rowCount <= CHUNK_ROW_COUNT_LIMIT && pageCount * (fields.length + 2) <= SECTION_COUNT_LIMIT, `a chunk of ${rowCount} rows, ${pageCount} pages and ${fields.length} fields`);
  const writer = new ByteWriter(1_024);
  writer.u8(FORMAT).varint(tier).varint(rowCount).varint(pageCount).varint(seriesIds.length).varint(fields.length);
  writer.varint(header.payloadSizeBytes).u32(header.payloadChecksum);
  writer.varint(maxVersion.wallMs).varint(maxVersion.counter).varint(maxVersion.incarnation).varint(sectionStarts[0]!);
  for (const { name, type } of fields) writer.u8(TYPES.indexOf(type)).text(name);
  const sizesOf = (section: number): Float64Array =>
    Float64Array.from({ length: pageCount }, (_, page) => {
      const at = sectionOf(header, page) + section;
      return sectionStarts[at + 1]! - sectionStarts[at]!;
    });
  writeNumbers(writer, steps(pageStarts));
  writeNumbers(writer, header.minOffsetsNs);
  writeNumbers(writer, header.maxOffsetsNs.map((offsetNs, page) => offsetNs - header.minOffsetsNs[page]!));
  writeNumbers(writer, sizesOf(0));
  writeNumbers(writer, sizesOf(1));
  writeNumbers(writer, Float64Array.from(seriesIds, (seriesId, block) => seriesId - (seriesIds[block - 1] ?? 0)));
  writeNumbers(writer, steps(header.blockStarts));
  for (const [field, { summaries }] of fields.entries()) {
    writeNumbers(writer, sizesOf(2 + field));
    writeSummaries(writer, summaries);
  }
  const bytes = writer.u32(0).finish();
  const body = bytes.subarray(0, bytes.length - CHECKSUM_SIZE_BYTES);
  new DataView(bytes.buffer, bytes.byteOffset + body.length).setUint32(0, checksum(body), true);
  return bytes;
}

/** The inverse of {@link encodeChunkHeader}. @throws DbError CHUNK_INVALID */
export function decodeChunkHeader(bytes: Uint8Array): ChunkHeader {
  return decodingChunk('header', () => readHeader(new ByteReader(checkedBody(bytes))));
}

function checkedBody(bytes: Uint8Array): Uint8Array {
  const bodySizeBytes = bytes.length - CHECKSUM_SIZE_BYTES;
  const body = bytes.subarray(0, Math.max(bodySizeBytes, 0));
  if (bodySizeBytes < 0 || new ByteReader(bytes, bodySizeBytes).u32() !== checksum(body)) {
    throw chunkInvalid('checksum of a chunk header', { sizeBytes: bytes.length });
  }
  return body;
}

function readHeader(reader: ByteReader): ChunkHeader {
  const format = reader.u8();
  if (format !== FORMAT) throw chunkInvalid(`format ${format} of a chunk, this version reads ${FORMAT}`, { format });
  const [tier, rowCount] = [reader.varint(), reader.varint()];
  const [pageCount, blockCount, fieldCount] = [reader.varint(), reader.varint(), reader.varint()];
  const isSane = 1 <= rowCount && rowCount <= CHUNK_ROW_COUNT_LIMIT && 1 <= pageCount && pageCount <= blockCount && blockCount <= rowCount && pageCount * (fieldCount + 2) <= SECTION_COUNT_LIMIT;
  if (!isSane) throw chunkInvalid('counts of a chunk header', { rowCount, pageCount, blockCount, fieldCount });
  const [payloadSizeBytes, payloadChecksum] = [reader.varint(), reader.u32()];
  const maxVersion = { wallMs: reader.varint(), counter: reader.varint(), incarnation: reader.varint() };
  const dictionarySizeBytes = reader.varint();
  const names = Array.from({ length: fieldCount }, () => readField(reader));
  const pageStarts = sums(readNumbers(reader, pageCount), 0);
  const minOffsetsNs = readNumbers(reader, pageCount);
  const maxOffsetsNs = readNumbers(reader, pageCount).map((lengthNs, page) => minOffsetsNs[page]! + lengthNs);
  const sizes = [readNumbers(reader, pageCount), readNumbers(reader, pageCount)];
  const seriesIds = sums(readNumbers(reader, blockCount), 0).slice(1);
  const blockStarts = sums(readNumbers(reader, blockCount), 0);
  const fields = names.map(({ name, type }): ChunkField => {
    const columnSizes = readNumbers(reader, pageCount);
    sizes.push(columnSizes);
    return { name, type, summaries: readSummaries(reader, pageCount) };
  });
  const sectionStarts = startsOf(sizes, dictionarySizeBytes);
  const isWhole =
    reader.remaining === 0 &&
    pageStarts[pageCount] === blockCount &&
    blockStarts[blockCount] === rowCount &&
    sectionStarts.at(-1) === payloadSizeBytes &&
    isPositive(pageStarts) &&
    isPositive(blockStarts);
  if (!isWhole) throw chunkInvalid('a chunk header that does not add up', { rowCount, pageCount, blockCount, fieldCount });
  return { tier, rowCount, maxVersion, payloadSizeBytes, payloadChecksum, fields, pageStarts, minOffsetsNs, maxOffsetsNs, seriesIds, blockStarts, sectionStarts };
}

function readField(reader: ByteReader): { readonly name: string; readonly type: FieldType } {
  const type = TYPES[reader.u8()];
  if (type === undefined) throw chunkInvalid('type of a field');
  return { type, name: reader.text() };
}

/** What each has more than the one before. */
function steps(starts: Uint32Array): Float64Array {
  return Float64Array.from({ length: starts.length - 1 }, (_, index) => starts[index + 1]! - starts[index]!);
}

/** Starts from sizes: one more than there are sizes. */
function sums(sizes: Float64Array, first: number): Uint32Array {
  const starts = new Uint32Array(sizes.length + 1);
  let sum = first;
  for (let index = 0; index < sizes.length; index += 1) {
    starts[index] = sum;
    sum += sizes[index]!;
  }
  if (sum > UINT32_MAX) throw chunkInvalid('sizes of a chunk header', { sum });
  starts[sizes.length] = sum;
  return starts;
}

/** Sizes per kind of section and page → starts page by page. */
function startsOf(sizes: readonly Float64Array[], first: number): Uint32Array {
  const pageCount = sizes[0]!.length;
  const byPage = new Float64Array(pageCount * sizes.length);
  for (const [section, ofPages] of sizes.entries()) {
    for (let page = 0; page < pageCount; page += 1) byPage[page * sizes.length + section] = ofPages[page]!;
  }
  return sums(byPage, first);
}

/** No page without a block, no block without a row. */
function isPositive(starts: Uint32Array): boolean {
  for (let index = 1; index < starts.length; index += 1) if (starts[index]! <= starts[index - 1]!) return false;
  return true;
}
