import { crc32 } from 'node:zlib';
import { assert, ByteReader, ByteWriter, DbError } from '@varve/base';
import { decodeMembership } from './membership.ts';
import type { PreVote, RaftMessage } from './message.ts';
import { ENTRY_KINDS, type Entry } from './entry.ts';

// Bytes: format (u8), CRC-32 of all that follows (u32), kind (u8), then from, to, term and the kind's own fields as
// varints, flags as u8. An entry is its term, kind, and payload with its length; its index follows from its place.

/** 2: memberships, transfer, reads. */
const FORMAT = 2;
const CHECKED_FROM_BYTE = 5;

/** On the wire: append only. */
const KIND_NUMBERS: Readonly<Record<RaftMessage['kind'], number>> = {
  preVote: 1,
  preVoteReply: 2,
  vote: 3,
  voteReply: 4,
  append: 5,
  appendAccepted: 6,
  appendRejected: 7,
  snapshotOffer: 8,
  termPassed: 9,
  timeoutNow: 10,
  readRequest: 11,
  readReply: 12,
  removed: 13,
};

/** The message as bytes, with a checksum. */
export function encodeRaftMessage(message: RaftMessage): Uint8Array {
  const writer = new ByteWriter();
  writer.u8(FORMAT).u32(0).u8(KIND_NUMBERS[message.kind]);
  writer.varint(message.from).varint(message.to).varint(message.term);
  writeFields(writer, message);
  const bytes = writer.finish();
  new DataView(bytes.buffer).setUint32(1, crc32(bytes.subarray(CHECKED_FROM_BYTE)), true);
  return bytes;
}

/**
 * Reads what {@link encodeRaftMessage} wrote, into memory of its own.
 * @throws DbError MESSAGE_INVALID when it is damaged, of another format, or says what no peer would say
 */
export function decodeRaftMessage(bytes: Uint8Array): RaftMessage {
  const reader = new ByteReader(bytes);
  const format = reader.u8();
  if (format !== FORMAT) throw invalid(`is of format ${format}, this peer knows ${FORMAT}`);
  if (reader.u32() !== crc32(bytes.subarray(CHECKED_FROM_BYTE))) throw invalid('has a wrong checksum');
  const kindNumber = reader.u8();
  const envelope = { from: reader.varint(), to: reader.varint(), term: reader.varint() };
  if (envelope.from === 0 || envelope.to === 0 || envelope.term === 0) throw invalid('is from nobody, to nobody or of no term');
  const message = readFields(reader, kindNumber, envelope);
  if (reader.remaining > 0) throw invalid(`has ${reader.remaining} bytes too many`);
  return message;
}

function writeFields(writer: ByteWriter, message: RaftMessage): void {
  switch (message.kind) {
    case 'preVote':
      return void writer.varint(message.lastIndex).varint(message.lastTerm).varint(message.membershipIndex);
    case 'vote':
      return void writer.varint(message.lastIndex).varint(message.lastTerm).varint(message.membershipIndex).u8(message.isTransfer ? 1 : 0);
    case 'preVoteReply':
    case 'voteReply':
      return void writer.u8(message.isGranted ? 1 : 0);
    case 'append':
      writer.varint(message.prevIndex).varint(message.prevTerm).varint(message.commitIndex).varint(message.round);
      return writeEntries(writer, message.prevIndex, message.entries);
    case 'appendAccepted':
      return void writer.varint(message.matchIndex).varint(message.round);
    case 'appendRejected':
      writer.varint(message.prevIndex).varint(message.hintIndex).varint(message.hintTerm);
      return void writer.u8(message.isRecovering ? 1 : 0).varint(message.round);
    case 'snapshotOffer':
      return void writer.varint(message.index).varint(message.indexTerm).varint(message.round);
    case 'readRequest':
      return void writer.varint(message.read);
    case 'readReply':
      return void writer.varint(message.read).varint(message.index);
    case 'removed':
      return void writer.varint(message.membershipIndex);
    case 'termPassed':
    case 'timeoutNow':
      return;
  }
}

function writeEntries(writer: ByteWriter, prevIndex: number, entries: readonly Entry[]): void {
  writer.varint(entries.length);
  entries.forEach(({ index, term, kind, payload }, offset) => {
    assert(index === prevIndex + 1 + offset, `entry ${index} is sent as number ${offset} after ${prevIndex}`);
    writer.varint(term).u8(kind).block(payload);
  });
}

function readFields(
  reader: ByteReader,
  kindNumber: number,
  envelope: { readonly from: number; readonly to: number; readonly term: number },
): RaftMessage {
  switch (kindNumber) {
    case KIND_NUMBERS.preVote:
      return { kind: 'preVote', ...envelope, ...readCandidacy(reader) };
    case KIND_NUMBERS.preVoteReply:
      return { kind: 'preVoteReply', ...envelope, isGranted: readFlag(reader) };
    case KIND_NUMBERS.vote:
      return { kind: 'vote', ...envelope, ...readCandidacy(reader), isTransfer: readFlag(reader) };
    case KIND_NUMBERS.voteReply:
      return { kind: 'voteReply', ...envelope, isGranted: readFlag(reader) };
    case KIND_NUMBERS.append: {
      const prev = { prevIndex: reader.varint(), prevTerm: reader.varint() };
      const told = { commitIndex: reader.varint(), round: reader.varint() };
      return { kind: 'append', ...envelope, ...prev, ...told, entries: readEntries(reader, prev, envelope.term) };
    }
    case KIND_NUMBERS.appendAccepted:
      return { kind: 'appendAccepted', ...envelope, matchIndex: reader.varint(), round: reader.varint() };
    case KIND_NUMBERS.appendRejected: {
      const hint = { prevIndex: reader.varint(), hintIndex: reader.varint(), hintTerm: reader.varint() };
      return { kind: 'appendRejected', ...envelope, ...hint, isRecovering: readFlag(reader), round: reader.varint() };
    }
    case KIND_NUMBERS.snapshotOffer:
      return { kind: 'snapshotOffer', ...envelope, index: reader.varint(), indexTerm: reader.varint(), round: reader.varint() };
    case KIND_NUMBERS.termPassed:
      return { kind: 'termPassed', ...envelope };
    case KIND_NUMBERS.timeoutNow:
      return { kind: 'timeoutNow', ...envelope };
    case KIND_NUMBERS.readRequest:
      return { kind: 'readRequest', ...envelope, read: reader.varint() };
    case KIND_NUMBERS.readReply:
      return { kind: 'readReply', ...envelope, read: reader.varint(), index: reader.varint() };
    case KIND_NUMBERS.removed:
      return { kind: 'removed', ...envelope, membershipIndex: reader.varint() };
    default:
      throw invalid(`is of kind ${kindNumber}, which this peer does not know`);
  }
}

function readCandidacy(reader: ByteReader): Pick<PreVote, 'lastIndex' | 'lastTerm' | 'membershipIndex'> {
  return { lastIndex: reader.varint(), lastTerm: reader.varint(), membershipIndex: reader.varint() };
}

/** Terms never go back in a log, and none is beyond the leader's; what changes a peer's mind at once is read here. */
function readEntries(
  reader: ByteReader,
  { prevIndex, prevTerm }: { readonly prevIndex: number; readonly prevTerm: number },
  leaderTerm: number,
): readonly Entry[] {
  const count = reader.varint();
  const entries: Entry[] = [];
  for (let term = Math.max(1, prevTerm); entries.length < count;) {
    const entry = { index: prevIndex + 1 + entries.length, term: reader.varint(), kind: reader.u8(), payload: reader.block().slice() };
    if (entry.term < term || entry.term > leaderTerm) throw invalid(`has an entry of term ${entry.term} after one of ${term}`);
    if (entry.kind === ENTRY_KINDS.membership) decodeMembership(entry.payload);
    term = entry.term;
    entries.push(entry);
  }
  return entries;
}

function readFlag(reader: ByteReader): boolean {
  const value = reader.u8();
  if (value > 1) throw invalid(`has ${value} for a flag`);
  return value === 1;
}

function invalid(what: string): DbError {
  return new DbError('MESSAGE_INVALID', `the Raft message ${what}`);
}
