import type { FrameHeader } from './frame.ts';
import { readHeader, verifyChecksum } from './layout.ts';

/**
 * The header of a complete frame, without a look at its rows. `isVerified` says that the checksum was compared before, so
 * that it need not be computed again.
 * @throws DbError FRAME_INVALID
 */
export function frameHeader(bytes: Uint8Array, { isVerified = false } = {}): FrameHeader {
  const { shard, kind, mutation, version, rowCount } = readHeader(bytes);
  if (!isVerified) verifyChecksum(bytes);
  return { shard, kind, mutation, version, rowCount };
}
