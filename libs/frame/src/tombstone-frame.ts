import { assert, ByteReader, ByteWriter, DbError } from '@varve/base';
import type { ShardId, Tombstone } from '@varve/model';
import { type FrameBody, HEADER_SIZE_BYTES, invalidFrame, type RawHeader } from './layout.ts';
import { readPredicate, writePredicate } from './predicate.ts';
import { OFFSET_NS_MAX } from './row-order.ts';

/** What a delete may take: hundreds of terms, and little enough to keep thousands of them in memory. */
export const TOMBSTONE_BODY_SIZE_BYTES_MAX = 16 * 1_024;

/**
 * A delete in one shard, for `sealFrame`: its stamp must be above everything that it shall hide.
 * @throws DbError QUERY_LIMIT when the predicate is too deep or too big
 */
export function encodeTombstone(shard: ShardId, tombstone: Tombstone): FrameBody {
  const { measurement, series, startOffsetNs, endOffsetNs } = tombstone;
  assert(isRange(startOffsetNs, endOffsetNs), `tombstone over [${startOffsetNs}, ${endOffsetNs}) ns`);
  const writer = new ByteWriter(HEADER_SIZE_BYTES + 256).raw(new Uint8Array(HEADER_SIZE_BYTES));
  writer.u8(measurement === undefined ? 0 : 1);
  if (measurement !== undefined) writer.text(measurement);
  writer.varint(startOffsetNs).varint(endOffsetNs);
  writePredicate(writer, series);
  const sizeBytes = writer.length - HEADER_SIZE_BYTES;
  if (sizeBytes > TOMBSTONE_BODY_SIZE_BYTES_MAX)
    throw new DbError('QUERY_LIMIT', `a delete of ${sizeBytes} bytes, at most ${TOMBSTONE_BODY_SIZE_BYTES_MAX}`);
  return { shard, kind: 'tombstone', buffer: writer.finish(), rowCount: 0, sectionCount: 0 };
}

/** The body of a frame of that kind, whose checksum was verified. @throws DbError FRAME_INVALID */
export function readTombstone(bytes: Uint8Array, { rowCount, sectionCount }: RawHeader): Tombstone {
  if (rowCount > 0 || sectionCount > 0) throw invalidFrame(`a tombstone with ${rowCount} rows in ${sectionCount} sections`);
  if (bytes.length > HEADER_SIZE_BYTES + TOMBSTONE_BODY_SIZE_BYTES_MAX) throw invalidFrame(`a tombstone of ${bytes.length} bytes`);
  try {
    return readBody(new ByteReader(bytes, HEADER_SIZE_BYTES));
  } catch (error) {
    if (!(error instanceof DbError)) throw error;
    throw invalidFrame(`tombstone: ${error.message}`, error.facts);
  }
}

function readBody(reader: ByteReader): Tombstone {
  const hasMeasurement = reader.u8();
  if (hasMeasurement > 1) throw invalidFrame(`measurement flag ${hasMeasurement}`);
  const measurement = hasMeasurement === 1 ? reader.text() : undefined;
  const [startOffsetNs, endOffsetNs] = [reader.varint(), reader.varint()];
  if (!isRange(startOffsetNs, endOffsetNs)) throw invalidFrame(`over [${startOffsetNs}, ${endOffsetNs}) ns`);
  const series = readPredicate(reader);
  if (reader.remaining > 0) throw invalidFrame(`${reader.remaining} bytes behind the predicate`);
  return { measurement, series, startOffsetNs, endOffsetNs };
}

/** Half-open, inside the widest window. */
function isRange(startOffsetNs: number, endOffsetNs: number): boolean {
  return 0 <= startOffsetNs && startOffsetNs < endOffsetNs && endOffsetNs <= OFFSET_NS_MAX + 1;
}
