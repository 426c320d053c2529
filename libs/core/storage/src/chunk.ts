import { assert, ByteReader, ByteWriter } from '@varve/base';
import {
  checksum,
  decodeColumn,
  decodeOffsets,
  decodeOrdinals,
  encodeColumn,
  encodeOffsets,
  encodeOrdinals,
} from '@varve/codec';
import type { NamedColumn } from '@varve/model';
import {
  CHUNK_ROW_COUNT_LIMIT,
  decodeChunkHeader,
  encodeChunkHeader,
  type ChunkField,
  type ChunkHeader,
} from './chunk-header.ts';
import { chunkInvalid, decodingChunk } from './chunk-invalid.ts';
import { summarize } from './field-summary.ts';
import type { RowVersions } from './row-versions.ts';
import type { VersionedRows } from './rows.ts';

/*
 * A chunk: rows of one series in normal form, packed column by column. The header says what a query needs to leave the
 * payload alone; the payload is one run of bytes with one checksum, of which only the wanted columns are unpacked:
 *
 *     header   rows · times · greatest version · checksum of the payload · per field: where, summary · own checksum
 *     payload  offsets │ versions │ column │ column │ …
 *
 * Source: docs/formats/chunk.md.
 */

/** A chunk as a store takes it. */
export interface NewChunkLike {
  readonly seriesId: number;
  readonly minOffsetNs: number;
  readonly maxOffsetNs: number;
  readonly header: Uint8Array;
  readonly payload: Uint8Array;
}

/** Packs rows in normal form, 1 to 65,536 of them. */
export function encodeChunk(seriesId: number, rows: VersionedRows): NewChunkLike {
  const { offsetsNs, columns, versions } = rows;
  const rowCount = offsetsNs.length;
  assert(1 <= rowCount && rowCount <= CHUNK_ROW_COUNT_LIMIT, `a chunk of ${rowCount} rows`);
  const writer = new ByteWriter(1_024);
  const offsetsEndByte = writer.raw(encodeOffsets(offsetsNs)).length;
  const versionsEndByte = writer.raw(encodeVersions(versions)).length;
  const fields = columns.map((named): ChunkField => {
    const startByte = writer.length;
    const endByte = writer.raw(encodeColumn(named.column, rowCount)).length;
    return { name: named.name, type: named.column.type, startByte, endByte, summary: summarize(named, offsetsNs) };
  });
  const payload = writer.finish();
  const minOffsetNs = offsetsNs[0]!;
  const maxOffsetNs = offsetsNs[rowCount - 1]!;
  const header = encodeChunkHeader({
    ...{ seriesId, rowCount, minOffsetNs, maxOffsetNs, maxVersion: versions.versions.at(-1)! },
    ...{
      payloadSizeBytes: payload.length,
      payloadChecksum: checksum(payload),
      offsetsEndByte,
      versionsEndByte,
      fields,
    },
  });
  return { seriesId, minOffsetNs, maxOffsetNs, header, payload };
}

/**
 * Unpacks the times and the wanted columns (all when `names` is undefined); versions only when they are asked for. The
 * payload must stay as it is until then.
 * @throws DbError CHUNK_INVALID, also when `versions` is read
 */
export function decodeChunk(header: Uint8Array, payload: Uint8Array, names?: readonly string[]): VersionedRows {
  const parsed = decodeChunkHeader(header);
  return unpackChunk(parsed, payload, names === undefined ? parsed.fields : wantedFields(parsed, new Set(names)));
}

/** Those fields of a chunk that have one of the names. */
export function wantedFields({ fields }: ChunkHeader, names: ReadonlySet<string>): readonly ChunkField[] {
  return fields.filter(({ name }) => names.has(name));
}

/** As {@link decodeChunk}, with a header that was decoded before. @throws DbError CHUNK_INVALID */
export function unpackChunk(header: ChunkHeader, payload: Uint8Array, fields: readonly ChunkField[]): VersionedRows {
  if (payload.length !== header.payloadSizeBytes || checksum(payload) !== header.payloadChecksum) {
    throw chunkInvalid('checksum of a chunk payload', { seriesId: header.seriesId, sizeBytes: payload.length });
  }
  const offsetsNs = decodeOffsets(payload.subarray(0, header.offsetsEndByte), header.rowCount);
  if (offsetsNs[0] !== header.minOffsetNs || offsetsNs.at(-1) !== header.maxOffsetNs) {
    throw chunkInvalid('times of a chunk are not those of its header', { seriesId: header.seriesId });
  }
  return new UnpackedChunk(header, payload, {
    offsetsNs,
    columns: fields.map((field) => unpackColumn(header, payload, field)),
  });
}

function unpackColumn({ rowCount, seriesId }: ChunkHeader, payload: Uint8Array, field: ChunkField): NamedColumn {
  const column = decodeColumn(payload.subarray(field.startByte, field.endByte), rowCount);
  if (column.type !== field.type) throw chunkInvalid(`${column.type} in a column of type ${field.type}`, { seriesId });
  return { name: field.name, column };
}

/** Versions are unpacked on first use: most reads find one row per time, and never ask. */
class UnpackedChunk implements VersionedRows {
  readonly offsetsNs: Float64Array;
  readonly columns: readonly NamedColumn[];
  readonly #header: ChunkHeader;
  readonly #payload: Uint8Array;
  #versions: RowVersions | undefined;

  constructor(
    header: ChunkHeader,
    payload: Uint8Array,
    { offsetsNs, columns }: Pick<VersionedRows, 'offsetsNs' | 'columns'>,
  ) {
    this.#header = header;
    this.#payload = payload;
    this.offsetsNs = offsetsNs;
    this.columns = columns;
  }

  get versions(): RowVersions {
    const { offsetsEndByte, versionsEndByte, rowCount } = this.#header;
    this.#versions ??= decodeVersions(this.#payload.subarray(offsetsEndByte, versionsEndByte), rowCount);
    return this.#versions;
  }
}

function encodeVersions({ versions, ordinals }: RowVersions): Uint8Array {
  const wallMs = new Float64Array(versions.length);
  const counters = new Uint32Array(versions.length);
  const incarnations = new Uint32Array(versions.length);
  for (const [index, version] of versions.entries()) {
    wallMs[index] = version.wallMs;
    counters[index] = version.counter;
    incarnations[index] = version.incarnation;
  }
  const writer = new ByteWriter(64).varint(versions.length);
  writer.block(encodeOffsets(wallMs)).block(encodeOrdinals(counters)).block(encodeOrdinals(incarnations));
  return writer.raw(encodeOrdinals(ordinals)).finish();
}

function decodeVersions(bytes: Uint8Array, rowCount: number): RowVersions {
  return decodingChunk('versions', () => readVersions(new ByteReader(bytes), rowCount));
}

function readVersions(reader: ByteReader, rowCount: number): RowVersions {
  const versionCount = reader.varint();
  if (versionCount < 1 || versionCount > rowCount) throw chunkInvalid(`${versionCount} versions of ${rowCount} rows`);
  const wallMs = decodeOffsets(reader.block(), versionCount);
  const counters = decodeOrdinals(reader.block(), versionCount);
  const incarnations = decodeOrdinals(reader.block(), versionCount);
  const ordinals = decodeOrdinals(reader.raw(reader.remaining), rowCount);
  if (ordinals.some((ordinal) => ordinal >= versionCount))
    throw chunkInvalid(`an ordinal beyond ${versionCount} versions`);
  const versions = Array.from(wallMs, (ms, index) => ({
    wallMs: ms,
    counter: counters[index]!,
    incarnation: incarnations[index]!,
  }));
  return { versions, ordinals };
}
