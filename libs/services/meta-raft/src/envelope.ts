import { ByteReader, ByteWriter, DbError } from '@varve/base';
import type { KnownPeer, RaftIdentity } from '@varve/ports';
import { decodeRaftMessage, encodeRaftMessage, type RaftMessage } from '@varve/raft';

// A Raft message on the bus. Bytes: format (u8), cluster id (text), the sender's disk id (text) and boot (varint), then the
// message with its checksum to the end.
const FORMAT = 1;

/** The message as its sender stands behind it. */
export function sealMessage(message: RaftMessage, { clusterId, diskId, boot }: RaftIdentity): Uint8Array {
  return new ByteWriter().u8(FORMAT).text(clusterId).text(diskId).varint(boot).raw(encodeRaftMessage(message)).finish();
}

/**
 * The message and who says that it is from there.
 * @throws DbError MESSAGE_INVALID when it is damaged, of another version, or of another cluster
 */
export function openMessage(bytes: Uint8Array, clusterId: string): { readonly message: RaftMessage; readonly sender: KnownPeer } {
  const reader = new ByteReader(bytes);
  const format = reader.u8();
  if (format !== FORMAT) throw new DbError('MESSAGE_INVALID', `the envelope is of format ${format}, this peer knows ${FORMAT}`);
  const from = reader.text();
  if (from !== clusterId) throw new DbError('MESSAGE_INVALID', `the message is of cluster "${from}", this peer is of "${clusterId}"`);
  const disk = { diskId: reader.text(), boot: reader.varint() };
  const message = decodeRaftMessage(reader.raw(reader.remaining));
  return { message, sender: { peerId: message.from, ...disk } };
}
