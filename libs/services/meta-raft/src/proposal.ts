import { ByteReader, ByteWriter, DbError, type WallMs } from '@varve/base';
import type { CommandContext } from '@varve/catalog';
import { decodeCommand, encodeCommand, type CatalogCommand } from '@varve/model';

/** A command as it stands in the log: everything that applying it depends on, and who asked for it. */
export interface Proposal {
  /** Which attempts are one command. */
  readonly origin: CommandContext['origin'];
  readonly proposer: string;
  /** The leader's wall time when it accepted the proposal: what the catalog's clock follows. */
  readonly atMs: WallMs;
  readonly command: CatalogCommand;
}

/** A proposal as it is made today: a log of 0.1.0 has others. */
export type NewProposal = Proposal & { readonly origin: Exclude<Proposal['origin'], { readonly requestId: string }> };

const PROPOSAL_FORMAT = 2;
/** 0.1.0: a request id instead of a session and its numbers. */
const REQUEST_FORMAT = 1;

/** Bytes: format (u8), session, seq, ackedSeq (varints), proposer (text), atMs (f64), then the command as JSON to the end. */
export function encodeProposal({ origin, proposer, atMs, command }: NewProposal): Uint8Array {
  return new ByteWriter()
    .u8(PROPOSAL_FORMAT)
    .varint(origin.session)
    .varint(origin.seq)
    .varint(origin.ackedSeq)
    .text(proposer)
    .f64(atMs)
    .raw(encodeCommand(command))
    .finish();
}

/**
 * An entry that this node cannot read must not be skipped: the catalog would differ from everybody else's.
 * @throws DbError STORAGE_NEWER_FORMAT, MESSAGE_INVALID
 */
export function decodeProposal(payload: Uint8Array): Proposal {
  const reader = new ByteReader(payload);
  const format = reader.u8();
  if (format !== PROPOSAL_FORMAT && format !== REQUEST_FORMAT) {
    throw new DbError(
      'STORAGE_NEWER_FORMAT',
      `the log has a proposal of format ${format}, this node knows up to ${PROPOSAL_FORMAT}`,
    );
  }
  return {
    origin: format === REQUEST_FORMAT ? { requestId: reader.text() } : readSession(reader),
    proposer: reader.text(),
    atMs: reader.f64(),
    command: decodeCommand(reader.raw(reader.remaining)),
  };
}

function readSession(reader: ByteReader): NewProposal['origin'] {
  return { session: reader.varint(), seq: reader.varint(), ackedSeq: reader.varint() };
}
