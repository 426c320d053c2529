import { ByteReader, ByteWriter } from '@varve/base';
import { checksum } from '@varve/codec';
import type { FieldType, Version } from '@varve/model';
import { chunkInvalid, decodingChunk } from './chunk-invalid.ts';
import { readSummary, writeSummary, type ChunkEnds, type FieldSummary } from './field-summary.ts';

/** Bounds what a damaged header can ask for; a chunk is cut at a fraction of it. */
export const CHUNK_ROW_COUNT_LIMIT = 65_536;

const FORMAT = 1;
const ROW_COUNT_END_BYTE = 5;
const CHECKSUM_SIZE_BYTES = 4;
const TYPES: readonly FieldType[] = ['float', 'integer', 'boolean', 'string'];

/** A field of a chunk. */
export interface ChunkField {
  readonly name: string;
  readonly type: FieldType;
  /** Its column in the payload. */
  readonly startByte: number;
  readonly endByte: number;
  readonly summary: FieldSummary;
}

/** What is known of a chunk without its payload. Source: docs/formats/chunk.md. */
export interface ChunkHeader extends ChunkEnds {
  readonly seriesId: number;
  /** Rows, not times: one time has a row per version that still shows. */
  readonly rowCount: number;
  /** The greatest version in it. */
  readonly maxVersion: Version;
  readonly payloadSizeBytes: number;
  readonly payloadChecksum: number;
  /** The payload starts with offsets up to here, then versions up to there, then columns. */
  readonly offsetsEndByte: number;
  readonly versionsEndByte: number;
  readonly fields: readonly ChunkField[];
}

/** Writes a header; the checksum over all of it comes last. */
export function encodeChunkHeader(header: ChunkHeader): Uint8Array {
  const { maxVersion, minOffsetNs, maxOffsetNs } = header;
  const writer = new ByteWriter(64 * header.fields.length + 64);
  writer.u8(FORMAT).u32(header.rowCount).varint(header.seriesId);
  writer.varint(minOffsetNs).varint(maxOffsetNs - minOffsetNs);
  writer.varint(maxVersion.wallMs).varint(maxVersion.counter).varint(maxVersion.incarnation);
  writer
    .u32(header.payloadChecksum)
    .varint(header.offsetsEndByte)
    .varint(header.versionsEndByte - header.offsetsEndByte);
  writer.varint(header.fields.length);
  for (const { name, type, startByte, endByte, summary } of header.fields) {
    writer
      .u8(TYPES.indexOf(type))
      .text(name)
      .varint(endByte - startByte);
    writeSummary(writer, summary, header);
  }
  const bytes = writer.u32(0).finish();
  const body = bytes.subarray(0, bytes.length - CHECKSUM_SIZE_BYTES);
  new DataView(bytes.buffer, bytes.byteOffset + body.length).setUint32(0, checksum(body), true);
  return bytes;
}

/** The inverse of {@link encodeChunkHeader}. @throws DbError CHUNK_INVALID */
export function decodeChunkHeader(bytes: Uint8Array): ChunkHeader {
  return decodingChunk('header', () => readHeader(checkedBody(bytes)));
}

/** The row count alone, for plans over many chunks. Nothing is checked: good for estimates, which damage may make wrong. */
export function estimateRowCount(header: Uint8Array): number {
  return header.length < ROW_COUNT_END_BYTE ? 0 : Math.min(new ByteReader(header, 1).u32(), CHUNK_ROW_COUNT_LIMIT);
}

function checkedBody(bytes: Uint8Array): Uint8Array {
  const bodySizeBytes = bytes.length - CHECKSUM_SIZE_BYTES;
  const body = bytes.subarray(0, Math.max(bodySizeBytes, 0));
  if (bodySizeBytes < 0 || new ByteReader(bytes, bodySizeBytes).u32() !== checksum(body)) {
    throw chunkInvalid('checksum of a chunk header', { sizeBytes: bytes.length });
  }
  return body;
}

function readHeader(body: Uint8Array): ChunkHeader {
  const reader = new ByteReader(body);
  const format = reader.u8();
  const rowCount = reader.u32();
  const seriesId = reader.varint();
  const minOffsetNs = reader.varint();
  const maxOffsetNs = minOffsetNs + reader.varint();
  const maxVersion = { wallMs: reader.varint(), counter: reader.varint(), incarnation: reader.varint() };
  const payloadChecksum = reader.u32();
  const offsetsEndByte = reader.varint();
  const versionsEndByte = offsetsEndByte + reader.varint();
  const fields = readFields(reader, { minOffsetNs, maxOffsetNs, startByte: versionsEndByte });
  const payloadSizeBytes = fields.at(-1)?.endByte ?? versionsEndByte;
  const isValid =
    format === FORMAT &&
    1 <= rowCount &&
    rowCount <= CHUNK_ROW_COUNT_LIMIT &&
    fields.length > 0 &&
    reader.remaining === 0;
  if (!isValid) throw chunkInvalid('chunk header', { format, rowCount, fieldCount: fields.length });
  return {
    seriesId,
    rowCount,
    minOffsetNs,
    maxOffsetNs,
    maxVersion,
    payloadSizeBytes,
    payloadChecksum,
    offsetsEndByte,
    versionsEndByte,
    fields,
  };
}

function readFields(
  reader: ByteReader,
  { startByte, ...ends }: ChunkEnds & { readonly startByte: number },
): ChunkField[] {
  const fields: ChunkField[] = [];
  for (let fieldCount = reader.varint(); fieldCount > 0; fieldCount -= 1) {
    const type = TYPES[reader.u8()];
    if (type === undefined) throw chunkInvalid('type of a field');
    const name = reader.text();
    const columnStartByte = fields.at(-1)?.endByte ?? startByte;
    const endByte = columnStartByte + reader.varint();
    fields.push({ name, type, startByte: columnStartByte, endByte, summary: readSummary(reader, ends) });
  }
  return fields;
}
