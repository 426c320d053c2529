import { ByteReader, DbError, type SizeBytes } from '@varve/base';
import { FRAME_ROW_COUNT_MAX, FRAME_SIZE_BYTES_MAX, type Frame, type FrameHeader, type RowsFrame, type RowsSection } from './frame.ts';
import { HEADER_SIZE_BYTES, invalidFrame, type RawHeader, readHeader, verifyChecksum } from './layout.ts';
import { PackedRows } from './packed-rows.ts';
import { readSeriesKeys, skipSeriesKeys, unfoldBudget } from './series-keys.ts';
import { readTombstone } from './tombstone-frame.ts';

/**
 * Reads a frame and checks everything that could fail later. The rows stay packed: they lie over `bytes`, which must not
 * change and live as long as the frame's rows.
 * @throws DbError FRAME_INVALID with what is wrong
 */
export function decodeFrame(bytes: Uint8Array): Frame {
  const raw = checkedHeader(bytes);
  const header = headerOf(raw);
  if (raw.kind === 'tombstone') return { header, sections: [], tombstone: readTombstone(bytes, raw), bytes, sizeBytes: bytes.length };
  const budget = unfoldBudget();
  const sections = readSections(bytes, raw, (reader, rowCountMax) => {
    const measurement = reader.text();
    const seriesKeys = readSeriesKeys(reader, rowCountMax, budget);
    return { measurement, seriesKeys, rows: new PackedRows(reader, seriesKeys.length, rowCountMax) };
  });
  return { header, sections, tombstone: undefined, bytes, sizeBytes: sizeOf(bytes, sections) };
}

/** As {@link decodeFrame}, of a frame of rows whose series are known from somewhere else: their keys are stepped over. */
export function decodeRows(bytes: Uint8Array): RowsFrame {
  const raw = checkedHeader(bytes);
  const sections = readSections(bytes, raw, (reader, rowCountMax) => {
    const measurement = reader.text();
    return { measurement, rows: new PackedRows(reader, skipSeriesKeys(reader), rowCountMax) };
  });
  return { header: headerOf(raw), sections, bytes, sizeBytes: sizeOf(bytes, sections) };
}

function checkedHeader(bytes: Uint8Array): RawHeader {
  if (bytes.length > FRAME_SIZE_BYTES_MAX)
    throw invalidFrame(`frame of ${bytes.length} bytes, at most ${FRAME_SIZE_BYTES_MAX}`);
  const raw = readHeader(bytes);
  verifyChecksum(bytes);
  return raw;
}

function headerOf({ shard, kind, mutation, version, rowCount }: RawHeader): FrameHeader {
  return { shard, kind, mutation, version, rowCount };
}

function sizeOf(bytes: Uint8Array, sections: readonly PackedSection[]): SizeBytes {
  return sections.reduce((sum, { rows }) => sum + rows.sizeBytes, bytes.length);
}

type PackedSection = RowsSection & { readonly rows: PackedRows };

function readSections<Section extends PackedSection>(
  bytes: Uint8Array,
  { rowCount, sectionCount }: RawHeader,
  readSection: (reader: ByteReader, rowCountMax: number) => Section,
): Section[] {
  if (rowCount > FRAME_ROW_COUNT_MAX) throw invalidFrame(`${rowCount} rows, at most ${FRAME_ROW_COUNT_MAX}`);
  if (sectionCount > rowCount) throw invalidFrame(`${sectionCount} sections of ${rowCount} rows`);
  const reader = new ByteReader(bytes, HEADER_SIZE_BYTES);
  const sections: Section[] = [];
  let rowsLeft = rowCount;
  try {
    for (let index = 0; index < sectionCount; index += 1) {
      const section = readSection(reader, rowsLeft);
      rowsLeft -= section.rows.rowCount;
      sections.push(section);
    }
  } catch (error) {
    if (!(error instanceof DbError)) throw error;
    throw invalidFrame(`section ${sections.length} before byte ${reader.offset}: ${error.message}`, error.facts);
  }
  if (rowsLeft > 0) throw invalidFrame(`${rowsLeft} of ${rowCount} rows are missing`);
  if (reader.remaining > 0) throw invalidFrame(`${reader.remaining} bytes behind the last section`);
  if (new Set(sections.map(({ measurement }) => measurement)).size !== sectionCount)
    throw invalidFrame('a measurement occurs twice');
  return sections;
}
