import { assert, DbError } from '@varve/base';
import { checksum } from '@varve/codec';
import type { FrameHeader, FrameKind, FrameStamp } from './frame.ts';
import type { ShardId } from '@varve/model';

/*
 * The header: 56 bytes in front of the body. docs/formats/frame.md has the boxes. The checksum covers everything but
 * itself, so that no flipped bit goes unseen.
 */

/** "VRVF" in the order of the bytes. */
const MAGIC = 0x46565256;
const FORMAT_VERSION = 1;
/** Kinds by their number; others get numbers of their own. */
const KINDS: Readonly<Record<number, FrameKind>> = { 1: 'rows', 2: 'tombstone' };
const KIND_NUMBERS: Readonly<Record<FrameKind, number>> = { rows: 1, tombstone: 2 };
const UINT32_MAX = 2 ** 32 - 1;
const WALL_MS_MAX = 2 ** 48 - 1;

const AT = {
  magic: 0,
  formatVersion: 4,
  kind: 5,
  reserved: 6,
  checksum: 8,
  bodySize: 12,
  shard: 16,
  number: 24,
  mutationIncarnation: 32,
  versionIncarnation: 36,
  wallMs: 40,
  counter: 46,
  rowCount: 48,
  sectionCount: 52,
} as const;

export const HEADER_SIZE_BYTES = 56;

/** A frame that lacks its stamp. `buffer` has room for the header before the body. */
export interface FrameBody {
  readonly shard: ShardId;
  readonly kind: FrameKind;
  readonly buffer: Uint8Array;
  readonly rowCount: number;
  readonly sectionCount: number;
}

/** Writes the header in front of a body and returns the frame, which is the body's buffer: a body is sealed once. */
export function sealFrame(body: FrameBody, stamp: FrameStamp): Uint8Array {
  const { shard, kind, buffer, rowCount, sectionCount } = body;
  const { mutation, version } = stamp;
  assertStamp(shard, stamp);
  const view = new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);
  view.setUint32(AT.magic, MAGIC, true);
  view.setUint8(AT.formatVersion, FORMAT_VERSION);
  view.setUint8(AT.kind, KIND_NUMBERS[kind]);
  view.setUint16(AT.reserved, 0, true);
  view.setUint32(AT.bodySize, buffer.length - HEADER_SIZE_BYTES, true);
  view.setBigUint64(AT.shard, BigInt(shard), true);
  view.setBigUint64(AT.number, BigInt(mutation.number), true);
  view.setUint32(AT.mutationIncarnation, mutation.incarnation, true);
  view.setUint32(AT.versionIncarnation, version.incarnation, true);
  view.setUint32(AT.wallMs, version.wallMs % 2 ** 32, true);
  view.setUint16(AT.wallMs + 4, Math.floor(version.wallMs / 2 ** 32), true);
  view.setUint16(AT.counter, version.counter, true);
  view.setUint32(AT.rowCount, rowCount, true);
  view.setUint32(AT.sectionCount, sectionCount, true);
  view.setUint32(AT.checksum, checksumOf(buffer), true);
  return buffer;
}

/** The fixed part of a frame with what only the decoder needs. */
export interface RawHeader extends FrameHeader {
  readonly sectionCount: number;
}

/** Reads a header whose frame is complete. @throws DbError FRAME_INVALID */
export function readHeader(bytes: Uint8Array): RawHeader {
  if (bytes.length < HEADER_SIZE_BYTES) throw invalidFrame(`${bytes.length} bytes are no frame`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(AT.magic, true) !== MAGIC) throw invalidFrame('not a frame');
  const formatVersion = view.getUint8(AT.formatVersion);
  if (formatVersion !== FORMAT_VERSION)
    throw invalidFrame(`frame of format ${formatVersion}, this program reads ${FORMAT_VERSION}`);
  const kindNumber = view.getUint8(AT.kind);
  const kind = KINDS[kindNumber];
  if (kind === undefined || view.getUint16(AT.reserved, true) !== 0)
    throw invalidFrame(`unknown kind of frame ${kindNumber}`);
  const sizeBytes = HEADER_SIZE_BYTES + view.getUint32(AT.bodySize, true);
  if (sizeBytes !== bytes.length) throw invalidFrame(`frame of ${sizeBytes} bytes in ${bytes.length}`);
  const shard = safeUint64(view, AT.shard);
  return {
    shard,
    kind,
    mutation: { incarnation: view.getUint32(AT.mutationIncarnation, true), shard, number: safeUint64(view, AT.number) },
    version: {
      wallMs: view.getUint32(AT.wallMs, true) + view.getUint16(AT.wallMs + 4, true) * 2 ** 32,
      counter: view.getUint16(AT.counter, true),
      incarnation: view.getUint32(AT.versionIncarnation, true),
    },
    rowCount: view.getUint32(AT.rowCount, true),
    sectionCount: view.getUint32(AT.sectionCount, true),
  };
}

/** @throws DbError FRAME_INVALID when the bytes are not those that were sealed */
export function verifyChecksum(bytes: Uint8Array): void {
  const stored = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(AT.checksum, true);
  const actual = checksumOf(bytes);
  if (stored !== actual) throw invalidFrame('checksum of a frame does not match', { stored, actual });
}

/** The error of every frame that cannot be read. */
export function invalidFrame(what: string, facts: Readonly<Record<string, unknown>> = {}): DbError {
  return new DbError('FRAME_INVALID', what, facts);
}

function checksumOf(bytes: Uint8Array): number {
  return checksum(bytes.subarray(AT.bodySize), checksum(bytes.subarray(0, AT.checksum)));
}

function safeUint64(view: DataView, at: number): number {
  const value = view.getBigUint64(at, true);
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw invalidFrame(`id ${value} beyond 2^53`);
  return Number(value);
}

function assertStamp(shard: ShardId, { mutation, version }: FrameStamp): void {
  assert(mutation.shard === shard, `mutation of shard ${mutation.shard} for a frame of shard ${shard}`);
  assert(Number.isSafeInteger(shard) && shard > 0, `shard ${shard} is no id`);
  assert(Number.isSafeInteger(mutation.number) && mutation.number >= 1, `mutation number ${mutation.number} below 1`);
  assert(isWhole(mutation.incarnation, UINT32_MAX), `incarnation ${mutation.incarnation} outside 32 bits`);
  assert(isWhole(version.incarnation, UINT32_MAX), `incarnation ${version.incarnation} outside 32 bits`);
  assert(isWhole(version.wallMs, WALL_MS_MAX), `wall time ${version.wallMs} outside 48 bits`);
  assert(isWhole(version.counter, 0xffff), `counter ${version.counter} outside 16 bits`);
}

function isWhole(value: number, max: number): boolean {
  return Number.isInteger(value) && 0 <= value && value <= max;
}
