import { crc32 } from 'node:zlib';
import { ByteReader, ByteWriter, DbError } from '@varve/base';
import { openStream, serveStream, type StreamPorts } from '@varve/kit';
import { decodeCatalog, encodeCatalog } from '@varve/model';
import type { CatalogSnapshot, Subscription } from '@varve/ports';
import { decodeMembership, encodeMembership, type NeededSnapshot } from '@varve/raft';
import type { Subjects } from '@varve/wire';

/** Well below what a bus carries in one message. */
const PIECE_SIZE_BYTES_MAX = 256 * 1024;
const IDLE_TIMEOUT_MS = 2_000;
const NO_PAYLOAD = new Uint8Array(0);

/** Hands what this peer has applied to peers that have fallen behind its log. */
export function serveSnapshots(ports: StreamPorts, { subjects, peer }: { readonly subjects: Subjects; readonly peer: number }, current: () => CatalogSnapshot): Subscription {
  const at = { subject: subjects.raftSnapshot(peer), askedKind: 'raftSnapshot', idleTimeoutMs: IDLE_TIMEOUT_MS } as const;
  return serveStream(ports, at, async function* ({ header }) {
    const snapshot = current();
    if (snapshot.appliedIndex < header.index) throw new DbError('META_UNAVAILABLE', `entry ${header.index} is not applied here yet; retry`);
    const bytes = encodeSnapshot(snapshot);
    for (let start = 0; start < bytes.length; start += PIECE_SIZE_BYTES_MAX) yield bytes.subarray(start, start + PIECE_SIZE_BYTES_MAX);
  });
}

/** @throws DbError META_UNAVAILABLE, BUS_TIMEOUT, BUS_NO_RESPONDERS, MESSAGE_INVALID */
export async function fetchSnapshot(ports: Pick<StreamPorts, 'bus' | 'clock'>, subjects: Subjects, { from, index }: NeededSnapshot): Promise<CatalogSnapshot> {
  const asked = { kind: 'raftSnapshot', header: { index }, payload: NO_PAYLOAD } as const;
  const document = new ByteWriter();
  const to = { subject: subjects.raftSnapshot(from), idleTimeoutMs: IDLE_TIMEOUT_MS };
  for await (const piece of openStream(ports, to, asked)) document.raw(piece);
  return decodeSnapshot(document.finish());
}

/** Bytes: applied index and term (varints), the membership (with its length), then the catalog with its sessions, and a CRC-32 of all that. */
function encodeSnapshot({ appliedIndex, appliedTerm, membership, catalog }: CatalogSnapshot): Uint8Array {
  const bytes = new ByteWriter().varint(appliedIndex).varint(appliedTerm).block(encodeMembership(membership)).raw(encodeCatalog(catalog)).finish();
  return new ByteWriter().raw(bytes).u32(crc32(bytes)).finish();
}

/** @throws DbError MESSAGE_INVALID */
function decodeSnapshot(bytes: Uint8Array): CatalogSnapshot {
  const checked = bytes.subarray(0, -CRC_SIZE_BYTES);
  if (bytes.length < CRC_SIZE_BYTES || new ByteReader(bytes.subarray(-CRC_SIZE_BYTES)).u32() !== crc32(checked)) {
    throw new DbError('MESSAGE_INVALID', 'the snapshot has a wrong checksum');
  }
  const reader = new ByteReader(checked);
  const at = { appliedIndex: reader.varint(), appliedTerm: reader.varint(), membership: decodeMembership(reader.block()) };
  return { ...at, catalog: decodeCatalog(reader.raw(reader.remaining)) };
}

const CRC_SIZE_BYTES = 4;
