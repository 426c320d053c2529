import { crc32 } from 'node:zlib';
import { ByteReader, ByteWriter, DbError, type SizeBytes } from '@varve/base';
import { catalogPieces, decodeCatalog } from '@varve/model';
import type { CatalogSnapshot } from '@varve/ports';
import { decodeMembership, encodeMembership } from '@varve/raft';

// A snapshot on its way to another peer. Bytes: applied index and term (varints), the membership with its length, then the
// catalog with its sessions as JSON, and at the end a CRC-32 of all that.
const CRC_SIZE_BYTES = 4;
/** Well below what a bus carries in one message. */
const PIECE_SIZE_BYTES_MAX: SizeBytes = 256 * 1024;

/** The snapshot's bytes, made one piece after the other: a large catalog takes longer to encode than a leader may stand still. */
export function* snapshotPieces({ appliedIndex, appliedTerm, membership, catalog }: CatalogSnapshot): Generator<Uint8Array> {
  const head = new ByteWriter().varint(appliedIndex).varint(appliedTerm).block(encodeMembership(membership)).finish();
  let checksum = crc32(head);
  yield head;
  const encoder = new TextEncoder();
  for (const text of catalogPieces(catalog)) {
    const bytes = encoder.encode(text);
    checksum = crc32(bytes, checksum);
    for (let start = 0; start < bytes.length; start += PIECE_SIZE_BYTES_MAX) yield bytes.subarray(start, start + PIECE_SIZE_BYTES_MAX);
  }
  yield new ByteWriter().u32(checksum).finish();
}

/** All pieces together, read and checked. @throws DbError MESSAGE_INVALID, STORAGE_NEWER_FORMAT */
export function decodeSnapshot(bytes: Uint8Array): CatalogSnapshot {
  const checked = bytes.subarray(0, -CRC_SIZE_BYTES);
  if (bytes.length < CRC_SIZE_BYTES || new ByteReader(bytes.subarray(-CRC_SIZE_BYTES)).u32() !== crc32(checked)) {
    throw new DbError('MESSAGE_INVALID', 'the snapshot has a wrong checksum');
  }
  const reader = new ByteReader(checked);
  const at = { appliedIndex: reader.varint(), appliedTerm: reader.varint(), membership: decodeMembership(reader.block()) };
  return { ...at, catalog: decodeCatalog(reader.raw(reader.remaining)) };
}
