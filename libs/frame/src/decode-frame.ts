import { ByteReader, DbError } from '@varve/base';
import { FRAME_ROW_COUNT_MAX, FRAME_SIZE_BYTES_MAX, type Frame, type FrameSection } from './frame.ts';
import { HEADER_SIZE_BYTES, invalidFrame, type RawHeader, readHeader, verifyChecksum } from './layout.ts';
import { PackedRows } from './packed-rows.ts';
import { readSeriesKeys, unfoldBudget, type UnfoldBudget } from './series-keys.ts';
import { readTombstone } from './tombstone-frame.ts';

/**
 * Reads a frame and checks everything that could fail later. The rows stay packed: they lie over `bytes`, which must not
 * change and live as long as the frame's rows.
 * @throws DbError FRAME_INVALID with what is wrong
 */
export function decodeFrame(bytes: Uint8Array): Frame {
  if (bytes.length > FRAME_SIZE_BYTES_MAX)
    throw invalidFrame(`frame of ${bytes.length} bytes, at most ${FRAME_SIZE_BYTES_MAX}`);
  const raw = readHeader(bytes);
  verifyChecksum(bytes);
  const { shard, kind, mutation, version, rowCount } = raw;
  const header = { shard, kind, mutation, version, rowCount };
  if (kind === 'tombstone') return { header, sections: [], tombstone: readTombstone(bytes, raw), sizeBytes: bytes.length };
  const sections = readSections(bytes, raw);
  let sizeBytes = bytes.length;
  for (const { rows } of sections) sizeBytes += rows.sizeBytes;
  return { header, sections, tombstone: undefined, sizeBytes };
}

type PackedSection = FrameSection & { readonly rows: PackedRows };

function readSections(bytes: Uint8Array, { rowCount, sectionCount }: RawHeader): PackedSection[] {
  if (rowCount > FRAME_ROW_COUNT_MAX) throw invalidFrame(`${rowCount} rows, at most ${FRAME_ROW_COUNT_MAX}`);
  if (sectionCount > rowCount) throw invalidFrame(`${sectionCount} sections of ${rowCount} rows`);
  const reader = new ByteReader(bytes, HEADER_SIZE_BYTES);
  const sections: PackedSection[] = [];
  const budget = unfoldBudget();
  let rowsLeft = rowCount;
  try {
    for (let index = 0; index < sectionCount; index += 1) {
      const section = readSection(reader, rowsLeft, budget);
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

function readSection(reader: ByteReader, rowCountMax: number, budget: UnfoldBudget): PackedSection {
  const measurement = reader.text();
  const seriesKeys = readSeriesKeys(reader, rowCountMax, budget);
  return { measurement, seriesKeys, rows: new PackedRows(reader, seriesKeys.length, rowCountMax) };
}
