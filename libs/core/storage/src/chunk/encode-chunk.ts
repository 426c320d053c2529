import { assert, ByteWriter } from '@varve/base';
import { appendColumn, checksum } from '@varve/codec';
import type { FieldSummary, Version } from '@varve/model';
import { sliceColumn } from '../columns.ts';
import { rowVersions } from '../row-versions.ts';
import { hasAnyValue } from '../rows.ts';
import type { SortedRows } from '../sorted-rows.ts';
import { CHUNK_ROW_COUNT_LIMIT, encodeChunkHeader, type ChunkField } from './chunk-header.ts';
import { cutPages } from './cut-pages.ts';
import { packSummaries } from './page-summaries.ts';
import { appendNumbers, extremesOf, writeNumbers } from './numbers.ts';
import { summarize } from './summarize.ts';

/** What a store keeps beside a chunk's bytes: enough to know who needs the chunk. */
export interface ChunkExtent {
  /** Both inclusive. */
  readonly firstSeriesId: number;
  readonly lastSeriesId: number;
  readonly minOffsetNs: number;
  readonly maxOffsetNs: number;
  readonly rowCount: number;
  readonly tier: number;
}

/** A chunk as a store takes it. */
export interface NewChunkLike extends ChunkExtent {
  readonly header: Uint8Array;
  readonly payload: Uint8Array;
}

/** Packs rows of series of one measurement, 1 to 65,536 of them, page by page. Source: docs/formats/chunk.md. */
export function encodeChunk(rows: SortedRows, tier: number): NewChunkLike {
  const rowCount = rows.offsetsNs.length;
  assert(1 <= rowCount && rowCount <= CHUNK_ROW_COUNT_LIMIT, `a chunk of ${rowCount} rows`);
  const { seriesIds, blockStarts, pageStarts } = cutPages(rows);
  const { versions, ordinals } = rowVersions(rows.versions.versions, rows.versions.ordinals);
  const columns = rows.columns.filter(({ column }) => hasAnyValue(column));
  const pageCount = pageStarts.length - 1;
  const [minOffsetsNs, maxOffsetsNs] = [new Float64Array(pageCount), new Float64Array(pageCount)];
  const summaries: (FieldSummary | undefined)[][] = columns.map(() => []);
  const writer = new ByteWriter(rowCount * (columns.length + 2) + 1_024);
  writeVersions(writer, versions);
  const sectionStarts = [writer.length];
  for (let page = 0; page < pageCount; page += 1) {
    const [startRow, endRow] = [blockStarts[pageStarts[page]!]!, blockStarts[pageStarts[page + 1]!]!];
    const isShared = pageStarts[page + 1]! - pageStarts[page]! > 1;
    const offsetsNs = rows.offsetsNs.subarray(startRow, endRow);
    [minOffsetsNs[page], maxOffsetsNs[page]] = extremesOf(offsetsNs);
    appendNumbers(writer, offsetsNs);
    sectionStarts.push(writer.length);
    appendOrdinals(writer, ordinals.subarray(startRow, endRow));
    sectionStarts.push(writer.length);
    for (const [field, { name, column }] of columns.entries()) {
      const named = { name, column: sliceColumn(column, startRow, endRow) };
      const isThere = hasAnyValue(named.column);
      if (isThere) appendColumn(writer, named.column, endRow - startRow);
      summaries[field]!.push(isThere && !isShared ? summarize(named, offsetsNs) : undefined);
      sectionStarts.push(writer.length);
    }
  }
  const payload = writer.finish();
  const header = encodeChunkHeader({
    ...{ tier, rowCount, seriesIds, blockStarts, pageStarts, minOffsetsNs, maxOffsetsNs, maxVersion: versions.at(-1)! },
    ...{ payloadSizeBytes: payload.length, payloadChecksum: checksum(payload) },
    fields: columns.map(({ name, column: { type } }, field): ChunkField => ({ name, type, summaries: packSummaries(summaries[field]!) })),
    sectionStarts: Uint32Array.from(sectionStarts),
  });
  const [minOffsetNs, maxOffsetNs] = [extremesOf(minOffsetsNs)[0], extremesOf(maxOffsetsNs)[1]];
  return { firstSeriesId: seriesIds[0]!, lastSeriesId: seriesIds.at(-1)!, minOffsetNs, maxOffsetNs, rowCount, tier, header, payload };
}

function writeVersions(writer: ByteWriter, versions: readonly Version[]): void {
  writer.varint(versions.length);
  writeNumbers(writer, Float64Array.from(versions, ({ wallMs }) => wallMs));
  writeNumbers(writer, Float64Array.from(versions, ({ counter }) => counter));
  writeNumbers(writer, Float64Array.from(versions, ({ incarnation }) => incarnation));
}

/** Nothing where all are the first. */
function appendOrdinals(writer: ByteWriter, ordinals: Uint32Array): void {
  if (ordinals.some((ordinal) => ordinal !== 0)) appendNumbers(writer, Float64Array.from(ordinals));
}
