import { ByteWriter, DbError } from '@varve/base';
import { BYTES, NO_PAYLOAD, openStream, pause, serveStream, type StreamPorts } from '@varve/kit';
import type { CatalogSnapshot, Subscription } from '@varve/ports';
import type { NeededSnapshot } from '@varve/raft';
import type { Subjects } from '@varve/wire';
import { decodeSnapshot, snapshotPieces } from './snapshot-codec.ts';

const IDLE_TIMEOUT_MS = 2_000;

/** Hands what this peer has applied to peers that have fallen behind its log. */
export function serveSnapshots(ports: StreamPorts, { subjects, peer }: { readonly subjects: Subjects; readonly peer: number }, current: () => CatalogSnapshot): Subscription {
  const at = { subject: subjects.raftSnapshot(peer), askedKind: 'raftSnapshot', codec: BYTES, idleTimeoutMs: IDLE_TIMEOUT_MS } as const;
  return serveStream(ports, at, ({ header }) => piecesOf(current(), header, ports));
}

async function* piecesOf(snapshot: CatalogSnapshot, { index }: { readonly index: number }, { clock }: StreamPorts): AsyncGenerator<Uint8Array> {
  if (snapshot.appliedIndex < index) throw new DbError('META_UNAVAILABLE', `entry ${index} is not applied here yet; retry`);
  for (const piece of snapshotPieces(snapshot)) {
    yield piece;
    await pause(clock, 0); // others have their turn
  }
}

/** @throws DbError META_UNAVAILABLE, BUS_TIMEOUT, BUS_NO_RESPONDERS, MESSAGE_INVALID */
export async function fetchSnapshot(ports: Pick<StreamPorts, 'bus' | 'clock'>, subjects: Subjects, { from, index }: NeededSnapshot): Promise<CatalogSnapshot> {
  const asked = { kind: 'raftSnapshot', header: { index }, payload: NO_PAYLOAD } as const;
  const document = new ByteWriter();
  const to = { subject: subjects.raftSnapshot(from), idleTimeoutMs: IDLE_TIMEOUT_MS };
  for await (const piece of openStream(ports, to, asked)) document.raw(piece);
  return decodeSnapshot(document.finish());
}
