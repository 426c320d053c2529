import { ByteReader, ByteWriter, DbError } from '@varve/base';
import { openStream, serveStream, type StreamPorts } from '@varve/kit';
import { decodeCatalog, encodeCatalog } from '@varve/model';
import { EMPTY_MEMBERSHIP, type CatalogSnapshot, type Subscription } from '@varve/ports';
import type { NeededSnapshot } from '@varve/raft';
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

/** Bytes: applied index and term (varints), then the catalog with its sessions. */
function encodeSnapshot({ appliedIndex, appliedTerm, catalog }: CatalogSnapshot): Uint8Array {
  return new ByteWriter().varint(appliedIndex).varint(appliedTerm).raw(encodeCatalog(catalog)).finish();
}

function decodeSnapshot(bytes: Uint8Array): CatalogSnapshot {
  const reader = new ByteReader(bytes);
  return { appliedIndex: reader.varint(), appliedTerm: reader.varint(), membership: EMPTY_MEMBERSHIP, catalog: decodeCatalog(reader.raw(reader.remaining)) };
}
